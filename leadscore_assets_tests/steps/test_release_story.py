"""Whatever happens in whatever order, ledger, registry and server tell the story of the release's state."""

import random
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from leadscore_assets.domain.errors import Refused
from leadscore_assets.domain.release_state import story_problems
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_records import _ACTIONS
from leadscore_assets.steps.release_store import present_release, untold_transitions
from leadscore_assets.steps.releasing import release, serves_the_champion
from leadscore_assets.steps.rolling_out import decline, look_at_release, look_quietly, roll_back
from leadscore_assets_tests.home import Home
from leadscore_assets_tests.steps.releases import Clock, asked, set_off, slowly

EVENTS = 16
LEADS = [f"key-{number}" for number in range(60)]


def kill_server(platform: Platform) -> None:
    pid = platform.endpoint.status().pid
    if pid and platform.endpoint.status().running:
        process = psutil.Process(pid)
        process.kill()
        psutil.wait_procs([process], timeout=10)


def look(platform: Platform, clock: Clock, draw: random.Random) -> None:
    """Look after some time, which may also be a jump of the clock."""
    clock.pass_(hours=draw.choice((-30, 0, 1, 23, 400)))
    if look_quietly(platform) is None:
        look_at_release(platform)


def restart(platform: Platform) -> None:
    platform.endpoint.stop()
    platform.endpoint.start()


def happens(draw: random.Random, home: Home, platform: Platform, clock: Clock) -> None:
    """Let one thing happen, most often a look."""
    things: dict[Callable[[], object], int] = {
        lambda: look(platform, clock, draw): 8,
        lambda: release(platform): 3,
        lambda: roll_back(platform, actor="ann", reason="drawn"): 2,
        lambda: roll_back(platform, to=draw.choice((1, 2)), actor="ann", reason="drawn"): 2,
        lambda: decline(platform, 2, actor="ann", reason="drawn"): 1,
        lambda: kill_server(platform): 2,
        lambda: restart(platform): 1,
        lambda: asked(home, LEADS) if platform.endpoint.status().running else None: 4,
    }
    draw.choices(list(things), list(things.values()))[0]()


def told(platform: Platform) -> list[tuple[str, str]]:
    """What the ledger says of transitions, oldest first, as the state's history would."""
    names = {action: phase for phase, action in _ACTIONS.items()}
    records = [item for item in platform.ledger.records() if item.key.startswith("release:")]
    return [(item.subject, names[item.action]) for item in records]


@pytest.mark.parametrize("seed", [1, 2])
def test_ledger_registry_and_server_agree_after_every_event(
    copy: Callable[[Home], Home], judged: Home, seed: int
) -> None:
    home, clock = slowly(copy(judged), shadow=f"shadow = {'true' if seed == 1 else 'false'}"), Clock()
    draw = random.Random(seed)
    platform = set_off(home, clock)
    platform.endpoint.start()
    for _ in range(EVENTS):
        with suppress(Refused):
            happens(draw, home, platform, clock)
        look_at_release(platform)
        state = present_release(platform)
        assert (serves_the_champion(platform), story_problems(state), untold_transitions(platform)) == ([], [], ())
        weights = [item.weight for item in platform.endpoint.status().variants]
        assert sum(weights) == pytest.approx(1)
        assert weights.count(1.0) <= 1
        history = [(f"package {item.model.version}", item.after) for item in state.history]
        assert told(platform)[-len(history) :] == history
    assert platform.ledger.verify() == []
