# What programs print, this script reads: nothing of it may depend on somebody's taste.

# Bytes, not characters: lengths go into archive headers.
LC_ALL=C
export LC_ALL
# Units of sizes (coreutils, "Block size"), quotes around names and dates (ls(1)), the order of patterns (bash 5.3). Not POSIXLY_CORRECT:
# bash would leave its POSIX mode.
unset BLOCK_SIZE LS_BLOCK_SIZE QUOTING_STYLE TIME_STYLE GLOBSORT
# bash takes options from SHELLOPTS, too.
set +f
