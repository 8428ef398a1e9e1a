#!/usr/bin/env bash
# Runs every fuzzer for FUZZ_TIME seconds (default 60), seeded with the Rust sources under tests/fixtures. What a fuzzer
# learns stays in build/fuzz/corpus/, what it breaks in build/fuzz/artifacts/.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset fuzz --log-level=WARNING >/dev/null
cmake --build build/fuzz
compgen -G 'build/fuzz/fuzzers/fuzz_*' >/dev/null || { echo "fuzz: no fuzzers in fuzz/" >&2; exit 1; }

seeds=build/fuzz/seeds
rm -rf "$seeds" && mkdir -p "$seeds"
find tests/fixtures -name '*.rs' -size -64k 2>/dev/null | while read -r f; do
    cp "$f" "$seeds/$(sha1sum <"$f" | cut -c1-16)"
done
for fuzzer in build/fuzz/fuzzers/fuzz_*; do
    name=$(basename "$fuzzer")
    mkdir -p "build/fuzz/corpus/$name" "build/fuzz/artifacts/$name"
    own=()
    [ -d "fuzz/corpus/$name" ] && own=("fuzz/corpus/$name")
    leaks=1
    [ "$name" = fuzz_http ] && leaks=0 # its server's threads have always more or less than before: each input would be looked through
    echo "== $name, ${FUZZ_TIME:-60} s"
    nice setarch "$(uname -m)" -R "$fuzzer" -max_total_time="${FUZZ_TIME:-60}" -print_final_stats=1 -verbosity=0 -detect_leaks="$leaks" \
        -artifact_prefix="build/fuzz/artifacts/$name/" "build/fuzz/corpus/$name" ${own[@]+"${own[@]}"} "$seeds"
done
