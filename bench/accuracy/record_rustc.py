#!/usr/bin/env python3
"""Stands before rustc as RUSTC_WORKSPACE_WRAPPER and notes how cargo builds the one lib target asked for.

The note (arguments, environment) lets truth.py run rustc and rustdoc again by itself with the same
cfg, features and dependencies. Called as: record_rustc.py RUSTC ARGS...
"""
import json
import os
import sys


def main():
    args = sys.argv[2:]
    target = os.environ.get("ACCURACY_RECORD")
    name = args[args.index("--crate-name") + 1] if "--crate-name" in args else ""
    if target and name not in ("", "___") and not name.startswith("build_script_") and "--test" not in args:
        with open(target, "w", encoding="utf-8") as f:
            json.dump({"args": args, "env": dict(os.environ), "crate": name}, f)
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
