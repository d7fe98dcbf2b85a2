# What of the kernel command line everybody may read. The value goes, the name stays, of everything that begins with
# "dabei", whether or not dabei knows it, of what its predecessors called a secret, and of every name that ends like one.
# What is left is other programs' (agent/config/sources/parameters.ts; the test looks at each name there).
# The kernel takes - and _ in names as the same, and lets a quote stand before the name or anywhere in the value.

# A forgotten equals sign makes the secret a part of the name; an equals sign may be base64's own at its end.
s/(^|[[:space:]])("?)(dabei\.(config|disk[_-]key|flake|ssh[_-]host[_-]key|authorized[_-]key)|runtime[_-]info|disk[_-]key|flake[_-]url|ssh[_-]host[_-]key|ssh[_-]authorized[_-]key)[^[:space:]="]("[^"]*("|$)|[^[:space:]"])*/\1\3[redacted]/g
s/(^|[[:space:]])"(dabei[^[:space:]="]*|runtime[_-]info|disk[_-]key|flake[_-]url|ssh[_-]host[_-]key|ssh[_-]authorized[_-]key|([^[:space:]="]*[._-])?(disk|host|authorized|private)?[Kk]ey|([^[:space:]="]*[._-])?([Pp]ass|[Pp]assphrase|[Pp]assword|[Pp]asswd|[Ss]ecret|[Tt]oken))=[^"]*("|$)("[^"]*("|$)|[^[:space:]"])*/\1\2=[redacted]/g
s/(^|[[:space:]])(dabei[^[:space:]="]*|runtime[_-]info|disk[_-]key|flake[_-]url|ssh[_-]host[_-]key|ssh[_-]authorized[_-]key|([^[:space:]="]*[._-])?(disk|host|authorized|private)?[Kk]ey|([^[:space:]="]*[._-])?([Pp]ass|[Pp]assphrase|[Pp]assword|[Pp]asswd|[Ss]ecret|[Tt]oken))=("[^"]*("|$)|[^[:space:]"])*/\1\2=[redacted]/g
