"""The crates of crates.txt: fetched through cargo, copied out of its registry folder, with a Cargo.lock each."""
import glob
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("ACCURACY_DIR", os.path.join(ROOT, "build", "accuracy"))
SRC = os.path.join(BUILD, "src")
HOST = "x86_64-unknown-linux-gnu"


class Crate:
    def __init__(self, name, version, group="dev", implements=False, features=()):
        self.name, self.version, self.group = name, version, group
        self.implements, self.features = implements, list(features)

    @property
    def label(self):
        return "%s-%s" % (self.name, self.version)

    @property
    def dir(self):
        return os.path.join(SRC, self.label)

    @property
    def truth(self):
        return os.path.join(BUILD, "truth", self.label)


def load(path=os.path.join(HERE, "crates.txt")):
    out = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            part = line.split("#")[0].split()
            if not part:
                continue
            name, version, group, implements, features = part
            out.append(Crate(name, version, group, implements == "yes",
                             [] if features == "-" else features.split(",")))
    return out


def cargo_env():
    env = dict(os.environ)
    env.pop("RUSTC_BOOTSTRAP", None)
    env["CARGO_TARGET_DIR"] = os.path.join(BUILD, "target")
    env["RUSTFLAGS"] = "--cap-lints allow"
    return env


def _registry_copy(crate):
    home = os.environ.get("CARGO_HOME", os.path.expanduser("~/.cargo"))
    found = sorted(glob.glob(os.path.join(glob.escape(home), "registry", "src", "*", crate.label)))
    return found[0] if found else None


def fetch(crates):
    """Downloads what is missing. Safe to run twice: a crate whose copy is whole is left alone."""
    missing = [c for c in crates if not os.path.exists(os.path.join(c.dir, ".fetched"))]
    if not missing:
        return
    probe = os.path.join(BUILD, "fetch")
    os.makedirs(os.path.join(probe, "src"), exist_ok=True)
    open(os.path.join(probe, "src", "lib.rs"), "w").close()
    with open(os.path.join(probe, "Cargo.toml"), "w", encoding="utf-8") as f:
        f.write('[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]\n')
        for i, c in enumerate(missing):
            f.write('d%d = { package = "%s", version = "=%s" }\n' % (i, c.name, c.version))
    run(["cargo", "fetch", "--target", HOST], probe)
    for c in missing:
        origin = _registry_copy(c)
        if not origin:
            sys.exit("%s is not in cargo's registry folder after cargo fetch" % c.label)
        shutil.rmtree(c.dir, ignore_errors=True)
        os.makedirs(SRC, exist_ok=True)
        shutil.copytree(origin, c.dir)
        lock = os.path.join(c.dir, "Cargo.lock")
        if os.path.exists(lock):
            os.remove(lock)
        run(["cargo", "generate-lockfile"], c.dir)
        run(["cargo", "fetch", "--target", HOST], c.dir)
        open(os.path.join(c.dir, ".fetched"), "w").close()
        print("fetched", c.label, flush=True)


def run(args, cwd, env=None, **more):
    done = subprocess.run(["nice"] + args, cwd=cwd, env=env or cargo_env(), capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit("%s in %s failed:\n%s" % (" ".join(args), os.path.basename(cwd), done.stderr[-4000:]))
    return done.stdout


if __name__ == "__main__":
    fetch(load())
