# Makes the kernel command line readable for everybody. It replaces the values of all parameters that begin with "dabei", known or
# not, of the secret parameters of dabei's predecessors, and of every name that ends like a secret's. The names stay. Other
# parameters belong to other programs (agent/config/sources/parameters.ts; a test checks each name there).
# The kernel treats - and _ in names as equal, and permits a quote before the name or anywhere in the value.

# Without its equals sign, a secret looks like a part of the name; an equals sign may be base64's padding at the end. Names such as
# dabei.config_url begin with another one's; no base64 of a configuration begins with such a character.
s/(^|[[:space:]])("?)(dabei\.config)[^[:space:]="_-]("[^"]*("|$)|[^[:space:]"])*/\1\3[redacted]/g
s/(^|[[:space:]])("?)(dabei\.(disk[_-]key|flake|ssh[_-]host[_-]key|authorized[_-]key)|runtime[_-]info|disk[_-]key|flake[_-]url|ssh[_-]host[_-]key|ssh[_-]authorized[_-]key)[^[:space:]="]("[^"]*("|$)|[^[:space:]"])*/\1\3[redacted]/g
s/(^|[[:space:]])"(dabei[^[:space:]="]*|runtime[_-]info|disk[_-]key|flake[_-]url|ssh[_-]host[_-]key|ssh[_-]authorized[_-]key|([^[:space:]="]*[._-])?(disk|host|authorized|private)?[Kk]ey|([^[:space:]="]*[._-])?([Pp]ass|[Pp]assphrase|[Pp]assword|[Pp]asswd|[Ss]ecret|[Tt]oken))=[^"]*("|$)("[^"]*("|$)|[^[:space:]"])*/\1\2=[redacted]/g
s/(^|[[:space:]])(dabei[^[:space:]="]*|runtime[_-]info|disk[_-]key|flake[_-]url|ssh[_-]host[_-]key|ssh[_-]authorized[_-]key|([^[:space:]="]*[._-])?(disk|host|authorized|private)?[Kk]ey|([^[:space:]="]*[._-])?([Pp]ass|[Pp]assphrase|[Pp]assword|[Pp]asswd|[Ss]ecret|[Tt]oken))=("[^"]*("|$)|[^[:space:]"])*/\1\2=[redacted]/g
