#!/usr/bin/env bash
# Shows the built program on real code: tokio, fetched once through cargo, or the workspace named by WORKSPACE.
# TRAIT and ITEM choose what is asked about; for a workspace of yours they default to its most implemented trait and
# its most used item.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=build/release/parseltongue
tokio=1.52.4
workspace=${WORKSPACE:-}

# Cargo downloads the crate with its dependencies; the unpacked sources are copied, nothing of them is built or run.
fetch_with_cargo() {
    local fetch=build/workspaces/fetch
    rm -rf "$fetch" && mkdir -p "$fetch/src"
    printf '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n\n[workspace]\n\n[dependencies]\n' >"$fetch/Cargo.toml"
    printf 'tokio = { version = "=%s", features = ["full"] }\n' "$tokio" >>"$fetch/Cargo.toml"
    : >"$fetch/src/lib.rs"
    (cd "$fetch" && timeout 300 cargo fetch --quiet </dev/null && cargo metadata --offline --format-version 1) |
        python3 -c 'import json, os, sys
print(next(os.path.dirname(p["manifest_path"]) for p in json.load(sys.stdin)["packages"] if p["name"] == "tokio"))'
}
# Where no cargo works, Debian's archive has an older tokio; it is unpacked, not installed.
fetch_with_apt() {
    local fetch=build/workspaces/fetch
    rm -rf "$fetch" && mkdir -p "$fetch"
    (cd "$fetch" && apt-get download -qq librust-tokio-dev </dev/null && dpkg-deb -x ./*.deb .) >&2 &&
        compgen -G "$fetch/usr/share/cargo/registry/tokio-*"
}

if [ -z "$workspace" ]; then
    workspace=build/workspaces/tokio
    if [ ! -f "$workspace/Cargo.toml" ]; then
        echo "Fetching tokio $tokio ..."
        from=$(fetch_with_cargo) || from=$(fetch_with_apt) || {
            echo "tokio could not be fetched; name a workspace: make run WORKSPACE=path" >&2
            exit 1
        }
        rm -rf "$workspace.new" "$workspace"
        cp -RL "$from" "$workspace.new"
        mv "$workspace.new" "$workspace"
        rm -rf build/workspaces/fetch
    fi
    TRAIT=${TRAIT:-Future}
    ITEM=${ITEM:-batch_semaphore::Semaphore::release}
fi

show() {
    printf '\n$ parseltongue %s --workspace %s\n' "$*" "$workspace"
    "$bin" "$@" --workspace "$workspace"
}
# first SECTION: the path in the first row of a section of the overview.
first() {
    "$bin" overview --json --workspace "$workspace" | python3 -c 'import json, sys
print(next((r["path"] for r in json.load(sys.stdin)["results"] if r.get("section") == sys.argv[1]), ""))' "$1"
}

printf '$ parseltongue index %s\n' "$workspace"
"$bin" index "$workspace"
show stats
trait=${TRAIT:-$(first traits)}
item=${ITEM:-$(first hubs)}
if [ -n "$trait" ]; then show who-implements "$trait" --limit 10; fi
if [ -n "$item" ]; then show blast-radius "$item" --limit 10; fi
show find-cycles --level module --limit 5
if [ -n "$item" ]; then show context "$item" --budget 800; fi
printf '\nAsk on: %s help, or make run WORKSPACE=path for code of yours.\n' "$bin"
