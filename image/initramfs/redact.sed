# Kernel parameters whose value is, or may hold, a secret (agent/config/parameters.ts): the value goes, the name stays.
# The kernel takes - and _ in names as the same, and lets a quote stand before the name or anywhere in the value.
s/(^|[[:space:]])"(dabei\.[A-Za-z0-9_-]+|runtime[_-]info|disk[_-]key|flake[_-]url|ssh[_-]host[_-]key|ssh[_-]authorized[_-]key)=[^"]*("|$)("[^"]*("|$)|[^[:space:]"])*/\1\2=[redacted]/g
s/(^|[[:space:]])(dabei\.[A-Za-z0-9_-]+|runtime[_-]info|disk[_-]key|flake[_-]url|ssh[_-]host[_-]key|ssh[_-]authorized[_-]key)=("[^"]*("|$)|[^[:space:]"])*/\1\2=[redacted]/g
