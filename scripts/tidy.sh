#!/usr/bin/env bash
# clang-tidy over every C source, two at a time. A file that passed is not looked at again until it, a header or
# .clang-tidy changes.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset asan --log-level=WARNING >/dev/null
cmake --build build/asan --target generated-headers >/dev/null

mapfile -t headers < <(git ls-files -co --exclude-standard -- 'src/*.h' 'include/*.h' 'tests/unit/*.h')
mapfile -t files < <(git ls-files -co --exclude-standard -- 'src/*.c' 'tools/*.c' 'tests/unit/*.c')
common=$(cat .clang-tidy CMakeLists.txt "${headers[@]}" 2>/dev/null | sha256sum)
cache=build/tidy-cache
mkdir -p "$cache"

todo=()
for file in "${files[@]}"; do
    [ -f "$file" ] || continue
    key=$({ echo "$common $file"; cat "$file"; } | sha256sum | cut -d' ' -f1)
    [ -e "$cache/$key" ] || todo+=("$file" "$cache/$key")
done
printf '%s\0' ${todo[@]+"${todo[@]}"} | nice xargs -0 -r -n2 -P"$(nproc)" bash -c '
    [ -n "${1:-}" ] || exit 0
    if out=$(clang-tidy-14 -p build/asan --quiet "$1" 2>&1); then touch "$2"; exit; fi
    # The findings with their lines; how the analyzer walked there is told by clang-tidy-14 -p build/asan FILE.
    findings=$(awk "/: (error|warning): /{show=1} /: note: /{show=0} show" <<<"$out" | sed "s|^$PWD/||")
    printf "%s\n" "${findings:-$out}"
    exit 1' tidy
echo "tidy: $((${#todo[@]} / 2)) of ${#files[@]} files looked at, no findings"
