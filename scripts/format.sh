#!/usr/bin/env bash
# Formats the C sources in place; with --check only tells which differ, and fails.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t files < <(git ls-files -co --exclude-standard -- '*.c' '*.h' | while read -r f; do [ -f "$f" ] && echo "$f"; done)
[ ${#files[@]} -gt 0 ] || { echo "format: no C sources" >&2; exit 1; }
if [ "${1:-}" = --check ]; then
    wrong=$(clang-format-14 --dry-run "${files[@]}" 2>&1 | sed -nE 's/^([^:]+):([0-9]+):.*warning: code should.*/\1 \2/p' |
        awk '!seen[$1]++ { print "  " $1 ", first at line " $2 }')
    [ -z "$wrong" ] || { printf 'format: not as make format writes them:\n%s\n' "$wrong"; exit 1; }
    echo "format: ${#files[@]} files as they should be"
else
    clang-format-14 -i "${files[@]}"
fi
