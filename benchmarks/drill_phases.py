"""What the drill does to an endpoint under load, phase by phase; each one says what happened and sees that it did.

A phase that finds something else than was promised says so as a problem, and the drill goes on: every phase begins with
the configuration that it needs.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from benchmarks.drill_judge import Phase
from benchmarks.drill_site import Site
from leadscore_assets.domain.errors import PermanentError
from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.release_state import PRIMARY

_WAIT_SECONDS = 45.0
_CHUNK = 1 << 20


@dataclass
class Room:
    """One phase's time, what it found, and the rollbacks' moments: command, end, and the version that comes back."""

    phase: Phase
    seconds: float
    problems: list[str] = field(default_factory=list)
    rollbacks: list[tuple[float, float, int]] = field(default_factory=list)

    def wait(self, share: float) -> None:
        """Let a share of the phase's time go by."""
        time.sleep(share * self.seconds)

    def until(self, look: Callable[[], object], what: str, *, seconds: float = _WAIT_SECONDS) -> bool:
        """Wait for something; what does not come is a problem."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if look():
                return True
            time.sleep(0.05)
        self.problems.append(f"{what} did not come within {seconds:.0f} s")
        return False


@dataclass(frozen=True)
class Step:
    """A phase to come: its name, what it is about, its share of the drill's time, what it does; returns what it did."""

    name: str
    about: str
    share: float
    act: Callable[[Site, Room], str]


def steady(_site: Site, room: Room) -> str:
    room.wait(1)
    return ""


def deploy(site: Site, room: Room) -> str:
    site.serve((1, 1.0), (2, 0.0))
    room.wait(1)
    return ""


def shadow(site: Site, room: Room) -> str:
    site.serve((1, 1.0), shadow=2)
    room.until(lambda: pairs(site) > 0, "an answer of the shadow")
    room.wait(0.9)
    seen = site.told("/counts")["agreement"]
    return f"{seen['pairs']:,} leads compared, {seen['dropped']:,} copies dropped"


def canary(share: float) -> Callable[[Site, Room], str]:
    def act(site: Site, room: Room) -> str:
        site.serve((1, 1 - share), (2, share))
        room.wait(1)
        return ""

    return act


def cutover(site: Site, room: Room) -> str:
    status = site.cut_over(2)
    room.wait(1)
    return ", ".join(f"version {item.version} at {item.weight:.0%}" for item in status.variants)


def rollbacks(times: int) -> Callable[[Site, Room], str]:
    """Roll back by the command, then back and forth by the version's name."""

    def act(site: Site, room: Room) -> str:
        for number in range(times):
            version = 1 if number % 2 == 0 else 2
            began, ended = site.command("rollback", *(("--to", str(version)) if number else ()))
            room.rollbacks.append((began, ended, version))
            room.wait(1 / times)
        return f"{times} commands"

    return act


def worker_killed(site: Site, room: Room) -> str:
    split(site)
    room.wait(0.3)
    slot, pid, held = busiest(site)
    room.phase.tolerated = held
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    room.until(lambda: site.workers().get(slot) not in (None, pid), "a worker in its place")
    back = time.monotonic() - began
    room.wait(0.6)
    return f"it had {held} connections; another took its place in {back:.1f} s"


def worker_drained(site: Site, room: Room) -> str:
    split(site)
    room.wait(0.3)
    slot, pid, held = busiest(site)
    os.kill(pid, signal.SIGTERM)
    room.until(lambda: site.workers().get(slot) not in (None, pid), "a worker in its place")
    room.wait(0.6)
    return f"it had {held} connections"


def shadow_hangs(site: Site, room: Room) -> str:
    """Stop the shadow; the supervisor replaces a silent one after half a minute, a shorter phase lets it go on."""
    stopped = split(site)["shadow"]
    room.until(lambda: pairs(site) > 0, "an answer of the shadow")
    os.kill(stopped, signal.SIGSTOP)
    waited = time.monotonic() + 0.8 * room.seconds
    while time.monotonic() < waited and site.workers().get("shadow") == stopped:
        time.sleep(0.1)
    dropped = site.told("/counts")["agreement"]["dropped"]
    replaced = site.workers().get("shadow") != stopped
    if not replaced:
        os.kill(stopped, signal.SIGCONT)
    before = pairs(site)
    room.until(lambda: pairs(site) > before, "an answer of the shadow afterwards")
    how = "another took its place" if replaced else "it was let go on"
    return f"{dropped:,} copies dropped meanwhile; {how} and answers again"


def shadow_crashes(site: Site, room: Room) -> str:
    before = split(site)["shadow"]
    room.until(lambda: pairs(site) > 0, "an answer of the shadow")
    os.kill(before, signal.SIGKILL)
    room.until(lambda: site.workers().get("shadow") not in (None, before), "a shadow in its place")
    compared = pairs(site)
    room.until(lambda: pairs(site) > compared, "an answer of the new shadow")
    room.wait(0.6)
    return "another took its place and answers"


def corrupt_bundle(site: Site, room: Room) -> str:
    """Ask for a bundle with a broken byte, by the command and past it."""
    split(site)
    bad = site.corrupted()
    generation = site.told("/status")["generation"]
    said = site.cli("rollback", "--to", str(bad.version), code=1)
    room.wait(0.5)
    try:
        site.platform.endpoint.deploy([Variant(PRIMARY, bad.digest, bad.version)])
        room.problems.append("a corrupt bundle was deployed")
    except PermanentError as error:
        said = f"{error}"
    if site.told("/status")["generation"] != generation:
        room.problems.append("another generation serves after the refusal")
    room.wait(0.5)
    return f"refused twice: {said.replace(bad.digest[:12], '…')}"


def full_disk(site: Site, room: Room) -> str:
    """Fill the disk under capture, and free it again."""
    if not os.path.ismount(site.capture):
        room.wait(1)
        return "left out: only root can mount a small disk"
    split(site)
    room.until(lambda: kept(site)[0] > 0, "captured requests")
    ballast = site.capture / "ballast"
    filled(ballast)
    room.until(lambda: kept(site)[1] > 0, "a request that capture lost")
    room.wait(0.5)
    ballast.unlink()
    written, lost = kept(site)
    room.until(lambda: kept(site)[0] > written, "captured requests once there is room")
    room.wait(0.3)
    return f"{lost:,} requests were answered and not captured; capture goes on since there is room"


def split(site: Site) -> dict[str, int]:
    """Deal leads evenly to versions 1 and 3 beside version 2 as the shadow; return the processes."""
    site.serve((1, 0.5), (3, 0.5), shadow=2)
    return site.workers()


def busiest(site: Site) -> tuple[str, int, int]:
    """Return the slot and process of the worker with the most connections, and how many it has."""
    workers = {slot: pid for slot, pid in site.workers().items() if slot != "shadow"}
    held = {slot: connections(pid) for slot, pid in workers.items()}
    slot = max(held, key=held.__getitem__)
    return slot, workers[slot], held[slot]


def connections(pid: int) -> int:
    return sum(item.status == psutil.CONN_ESTABLISHED for item in psutil.Process(pid).net_connections("tcp"))


def pairs(site: Site) -> int:
    return int(site.told("/counts")["agreement"]["pairs"])


def kept(site: Site) -> tuple[int, int]:
    """Return how many requests capture wrote and lost."""
    counts = site.told("/counts")
    return int(counts["captured"]), int(counts["capture_lost"])


def filled(ballast: os.PathLike[str]) -> None:
    """Write until the disk has no room left, not even for a line."""
    with open(ballast, "wb", buffering=0) as file:  # noqa: PTH123 - any path
        for size in (_CHUNK, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue


STEPS = (
    Step("steady", "version 1 answers all leads", 1.0, steady),
    Step("deploy", "version 2 is loaded beside it, without leads", 0.6, deploy),
    Step("shadow", "version 2 answers copies of the requests", 1.0, shadow),
    Step("canary 10 %", "version 2 answers a tenth of the leads", 1.0, canary(0.1)),
    Step("canary 50 %", "version 2 answers half of the leads", 1.0, canary(0.5)),
    Step("cutover", "version 2 becomes champion, version 1 stays warm", 0.8, cutover),
    Step("rollback", "`leadscore rollback`, then `--to 2`, `--to 1` and so on", 1.2, rollbacks(5)),
    Step("worker killed", "SIGKILL", 0.8, worker_killed),
    Step("worker drained", "SIGTERM", 0.8, worker_drained),
    Step("shadow hangs", "SIGSTOP", 1.4, shadow_hangs),
    Step("shadow crashes", "SIGKILL", 0.8, shadow_crashes),
    Step("corrupt bundle", "one byte turned over, asked for by command and past it", 0.6, corrupt_bundle),
    Step("full disk", "no room left under capture", 1.0, full_disk),
)
