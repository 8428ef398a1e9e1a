"""The peers that are pinned beside this file, installed by npm: for the benches that hold us beside them."""
import os
import shutil
import subprocess

PINNED = os.path.dirname(os.path.abspath(__file__))
# No messages home, no download instead of what the lock names.
QUIET = {"DO_NOT_TRACK": "1", "CODEGRAPH_TELEMETRY": "0", "CODEGRAPH_NO_DOWNLOAD": "1", "NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}


def install(home):
    """npm ci into `home`, when the lock is not the one installed last. -> why it could not, or None."""
    lock, done = os.path.join(PINNED, "package-lock.json"), os.path.join(home, "installed-lock.json")
    with open(lock, "rb") as f:
        wanted = f.read()
    if os.path.exists(done):
        with open(done, "rb") as f:
            if f.read() == wanted:
                return None
    if not shutil.which("npm"):
        return "npm is not installed"
    os.makedirs(home, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(PINNED, name), home)
    ran = subprocess.run(["nice", "npm", "ci", "--no-audit", "--no-fund"], cwd=home, capture_output=True, text=True)
    if ran.returncode:
        return "npm ci: " + " ".join([said for said in ran.stderr.split("\n") if said.startswith("npm error")][:4])
    shutil.copy(lock, done)
    return None
