#!/usr/bin/env bash
# Installs what a bare Debian 12 lacks. Safe to run twice; when nothing is missing it only looks and says so.
#   scripts/setup.sh --run     what is needed to build and run
#   scripts/setup.sh --test    the same, and the test tools (the default)
#   scripts/setup.sh --bench   the same, and the tools the benchmarks are held against
# Flags may be combined. Uses root or sudo, and only when a package is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

want_run=0 want_test=0 want_bench=0
for arg in "$@"; do
    case $arg in
        --run) want_run=1 ;;
        --test) want_test=1 ;;
        --bench) want_bench=1 ;;
        *) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
done
[ $# -gt 0 ] || want_test=1

missing=()
have_cmd() { command -v "$1" >/dev/null 2>&1; }
have_lib() { have_cmd pkg-config && pkg-config --exists "$1" 2>/dev/null; }
have_file() { compgen -G "$1" >/dev/null; }
# need PACKAGE TEST...: remembers the package when the test fails.
need() {
    local package=$1
    shift
    "$@" 2>/dev/null || missing+=("$package")
}

need gcc have_cmd gcc
need libc6-dev have_file '/usr/include/stdio.h'
need cmake have_cmd cmake
need ninja-build have_cmd ninja
need make have_cmd make
need git have_cmd git
need pkg-config have_cmd pkg-config
need python3 have_cmd python3
need libsqlite3-dev have_lib sqlite3
need libxxhash-dev have_lib libxxhash
need libjansson-dev have_lib jansson
need libuv1-dev have_lib libuv
need libgit2-dev have_lib libgit2
need libmicrohttpd-dev have_lib libmicrohttpd
need nodejs have_cmd node
need npm have_cmd npm
need rust-src have_file '/usr/src/rustc-*/library'

# cargo fetches the crate that `make run` shows; not needed when a workspace is given or the crate is already here.
if [ $want_run = 1 ] && [ -z "${WORKSPACE:-}" ] && ! have_file 'build/workspaces/tokio/Cargo.toml'; then
    need cargo have_cmd cargo
fi
if [ $want_test = 1 ]; then
    need python3-venv python3 -c 'import ensurepip'
    need sqlite3 have_cmd sqlite3
    need clang have_cmd clang
    need clang-format-14 have_cmd clang-format-14
    need clang-tidy-14 have_cmd clang-tidy-14
    need libclang-rt-14-dev have_file '/usr/lib/llvm-14/lib/clang/14*/lib/linux/libclang_rt.asan-*.a'
    need chromium have_cmd chromium
    need libcmocka-dev have_lib cmocka
fi
if [ $want_bench = 1 ]; then
    universal_ctags() { have_cmd ctags && ctags --version 2>/dev/null | grep -q 'Universal Ctags'; }
    need universal-ctags universal_ctags
    need wrk have_cmd wrk
    need liblmdb-dev have_file '/usr/include/lmdb.h'
    need libigraph-dev have_lib igraph
    need libgraphblas-dev have_file '/usr/include/GraphBLAS.h'
fi

if [ ${#missing[@]} -gt 0 ]; then
    echo "setup: missing: ${missing[*]}"
    as_root=()
    if ! have_cmd apt-get; then
        echo "setup: no apt-get here; install the equivalents of these Debian packages by hand" >&2
        exit 1
    elif [ "$(id -u)" != 0 ]; then
        have_cmd sudo || { echo "setup: run as root, or install sudo" >&2; exit 1; }
        as_root=(sudo)
    fi
    apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq)
    "${apt[@]}" update </dev/null
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null
    echo "setup: installed ${#missing[@]} packages"
else
    echo "setup: nothing missing"
fi

if [ $want_test = 1 ]; then
    # The Python tests run from a virtual environment of their own, remade when the pinned list changes.
    stamp=build/venv/.requirements
    if ! cmp -s tests/requirements.txt "$stamp"; then
        echo "setup: making build/venv from tests/requirements.txt"
        mkdir -p build
        python3 -m venv --clear build/venv
        build/venv/bin/python3 -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt </dev/null
        cp tests/requirements.txt "$stamp"
    fi
fi
