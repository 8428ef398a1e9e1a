#!/usr/bin/env bash
# Everything that must hold, stage by stage, each with its time; stops at the first stage that fails.
# The log of a stage is build/test-logs/<stage>.log; the summaries of the test runners are repeated at the end.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
logs=build/test-logs
rm -rf "$logs" && mkdir -p "$logs"
export PARSELTONGUE_BIN="$PWD/build/release/parseltongue"
passed=0 failed=0 summaries=()

finish() {
    printf '\n'
    [ ${#summaries[@]} -eq 0 ] || printf '%s\n' "${summaries[@]}"
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}

# stage NAME COMMAND...: runs quietly; the end of the log is shown when it fails.
stage() {
    local name=$1 log="$logs/$1.log" begin=${EPOCHREALTIME/./} code
    shift
    printf '== %-22s' "$name"
    "$@" >"$log" 2>&1 </dev/null
    code=$?
    printf '%s %7d ms\n' "$([ $code = 0 ] && echo 'ok    ' || echo FAILED)" $(((${EPOCHREALTIME/./} - begin) / 1000))
    [ $code = 0 ] && return 0
    tail -n 80 "$log"
    return 1
}
# check NAME COMMAND...: a stage that counts as one test.
check() {
    stage "$@" || { failed=$((failed + 1)); finish; }
    passed=$((passed + 1))
}
# sum PATTERN LOG: adds up the numbers that the pattern's group captures.
sum() { sed -nE "s/$1/\\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'; }

# units NAME PRESET [WRAPPER...]: the cmocka programs under ctest; each cmocka case counts.
units() {
    local name=$1 preset=$2 code detail=build/$2/Testing/Temporary/LastTest.log
    shift 2
    stage "$name" "$@" ctest --preset "$preset" --no-tests=error -j "$(nproc)"
    code=$?
    summaries+=("$name: $(grep -E 'tests passed|No tests were found' "$logs/$name.log" | tail -n 1)")
    passed=$((passed + $(sum '^\[  PASSED  \] ([0-9]+) test\(s\)\.' "$detail")))
    if [ $code != 0 ]; then
        local broken
        broken=$(sum '^ ?\[  FAILED  \] ([0-9]+) test\(s\), listed below:' "$detail")
        failed=$((failed + (broken > 0 ? broken : 1)))
        finish
    fi
}

end_to_end() {
    stage end-to-end build/venv/bin/python3 -m pytest -q -p no:cacheprovider --color=no tests/e2e
    local code=$? line
    line=$(grep -E '(passed|failed|error|no tests ran).* in [0-9.]+' "$logs/end-to-end.log" | tail -n 1)
    summaries+=("end-to-end: $line")
    passed=$((passed + $(grep -oE '[0-9]+ passed' <<<"$line" | awk '{ n += $1 } END { print n + 0 }')))
    if [ $code != 0 ]; then
        local broken
        broken=$(grep -oE '[0-9]+ (failed|error)' <<<"$line" | awk '{ n += $1 } END { print n + 0 }')
        failed=$((failed + (broken > 0 ? broken : 1)))
        finish
    fi
}

build() { cmake --preset "$1" --log-level=WARNING && nice cmake --build "build/$1"; }

# The front end under the sanitizers: it must survive our fixtures, broken ones among them, and Rust's own compiler, and
# find no error in Rust's own library.
corpus() {
    local rust
    rust=$(compgen -G '/usr/src/rustc-1.63*' | head -n 1)
    [ -n "$rust" ] || { echo "no corpus: package rust-src is missing"; return 1; }
    front tests/fixtures && front "$rust/compiler" && front "$rust/library" ', 0 files with errors'
}
# front DIR [WANTED]: reads all of DIR; syntax errors are not failures, but its complaints are.
front() {
    local out
    out=$("${calm[@]}" build/asan/pt-frontend check "$1" 2>&1) || { tail -n 60 <<<"$out"; return 1; }
    printf '%s: %s\n' "$(basename "$1")" "$(tail -n 1 <<<"$out")"
    if grep '^pt-frontend:' <<<"$out"; then return 1; fi
    grep -q "^[1-9][0-9]* files.*${2:-}" <<<"$out" || { grep '^error ' <<<"$out" | head -n 20; return 1; }
}

# Address randomisation of newer kernels upsets the sanitizers of clang 14; run them without it where that is allowed.
calm=()
if setarch "$(uname -m)" -R true 2>/dev/null; then calm=(setarch "$(uname -m)" -R); fi

check build-release build release
check layers python3 tests/check_layers.py
check format scripts/format.sh --check
units units release
end_to_end
check build-asan-ubsan build asan
units units-asan-ubsan asan "${calm[@]}"
check corpus-asan-ubsan corpus
check tidy scripts/tidy.sh
finish
