"""What is done to a workspace that is soaked (soak.py): each deed takes the place, the random generator and what is counted."""
import glob
import os
import signal
import subprocess
import time

from soaked import until  # noqa: I001  (it says where the next one is)
from askers import Violation, asking
from edits import EDITS

GIT = ["git", "-c", "user.name=soak", "-c", "user.email=soak@localhost", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"]


def git(place, *arguments):
    environment = {**{k: v for k, v in os.environ.items() if not k.startswith("GIT_")}, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CEILING_DIRECTORIES": place.work}
    done = subprocess.run([*GIT, "-C", place.tree, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise Violation(f"git {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def edit(place, rng, counts):
    kind = rng.choice(sorted(EDITS)) if rng.random() < .6 else "repair"
    if EDITS[kind](rng, place.edits):
        counts[f"  {kind}"] += 1
    place.settled()


def burst(place, rng, counts):
    for _ in range(rng.randrange(5, 40)):
        EDITS[rng.choice(sorted(EDITS))](rng, place.edits)
        counts["edits in bursts"] += 1
        time.sleep(rng.choice((0, 0, 0, .001, .02)))


def questions(place, rng, counts):
    """Several connections ask while files are saved."""
    with asking(place, rng, counts, connections=rng.randrange(2, 7)):
        for _ in range(rng.randrange(3, 12)):
            EDITS[rng.choice(sorted(EDITS))](rng, place.edits)
            time.sleep(rng.random() * .1)
        place.settled()


def checkout(place, rng, counts):
    git(place, "checkout", "-q", "-f", rng.choice(("main", "side")))
    if rng.random() < .5:
        git(place, "clean", "-fdq")
    place.edits.modules = []  # git took folders of some
    place.settled()


def locked(place, rng, counts):
    """Many files while git's lock is there; nothing is taken in before it goes."""
    lock, files = place.tree + "/.git/index.lock", place.edits.sources()
    open(lock, "x").close()
    try:
        for path in rng.sample(files, min(len(files), rng.randrange(5, 200))):
            with open(path, "a", encoding="utf-8") as f:
                f.write(place.edits.fill("pub fn pt_locked_%d() {}\n"))
        time.sleep(rng.random() * .3)
    finally:
        os.unlink(lock)
    place.settled()


def broken(place, rng, counts):
    """Files out of balance count as they were, exactly; then they are repaired."""
    place.balanced()
    good = place.texts()
    chosen = rng.sample(sorted(good), min(len(good), rng.randrange(1, 4)))
    for name in chosen:
        place.write(name, good[name] + rng.choice((b"\nfn half( {\n", b"\n}\n", b"\nmod x { fn y() {\n")))
    place.law(counts, good)
    if rng.random() < .5:
        for name in chosen:
            place.write(name, good[name])
        place.law(counts)


def manifest(place, rng, counts):
    path = rng.choice(glob.glob(place.tree + "/**/Cargo.toml", recursive=True))
    with open(path, "a", encoding="utf-8") as f:
        f.write(place.edits.fill("\n# %d\n"))
    place.settled()


def moved(place, rng, counts):
    """A file or a folder of sources goes for a while and comes back."""
    path = rng.choice(place.edits.sources())
    if rng.random() < .4 and os.path.basename(os.path.dirname(path)) != "src" and os.path.dirname(path) != place.tree:
        path = os.path.dirname(path)
    aside = place.work + "/aside"
    os.rename(path, aside)
    if rng.random() < .7:
        place.settled()
    os.rename(aside, path)
    place.settled()


def second(place, rng, counts):
    """Who starts another finds the first."""
    place.command("daemon", "start")
    place.command("daemon", "run", code=4)
    place.alive()


def restart(place, rng, counts):
    pid = place.pid
    place.command("daemon", "restart")
    place.connect()
    if place.pid == pid:
        raise Violation("restart left the same process")
    until(lambda: not place.lives(pid), "the daemon before the restart is gone")


def ended(place, rng, counts, number):
    """By a signal in the middle of work, somebody asking."""
    with asking(place, rng, counts, connections=2, tolerant=True):
        burst(place, rng, counts)
        time.sleep(rng.random() * .2)
        os.kill(place.pid, number)
        place.gone(f"after signal {number}")
    place.disconnect()
    if number == signal.SIGTERM and place.leavings():
        raise Violation(f"left after SIGTERM: {place.leavings()}")
    if rng.random() < .5:
        place.command("verify", "--no-daemon", "--quiet")
    place.start()
    place.settled()


def killed(*deed):
    ended(*deed, signal.SIGKILL)


def terminated(*deed):
    ended(*deed, signal.SIGTERM)


def law(place, rng, counts):
    place.balanced()
    place.law(counts)


DEEDS = {edit: 40, burst: 8, questions: 6, checkout: 5, locked: 3, broken: 5, manifest: 1, moved: 5, second: 2, restart: 2, killed: 4, terminated: 3, law: 8}
