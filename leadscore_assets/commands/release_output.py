"""What `leadscore release` prints of a release: what a step did, and where it stands."""

from typing import Any

from leadscore_assets.commands.output import say, say_json
from leadscore_assets.domain.release_state import ReleaseState
from leadscore_assets.steps.rolling_out import Moved


def told(moved: Moved, *, as_json: bool) -> None:
    """Say what a step did and where the release stands."""
    if as_json:
        say_json({"reason": moved.reason, "problems": list(moved.problems), "release": moved.state.to_json()})
        return
    say(moved.reason or "Nothing is in hand.")
    for problem in moved.problems:
        say(f"Warning: {problem}")
    say_state(moved.state)


def say_state(state: ReleaseState) -> None:
    """Say what answers, what is on its way and what comes next."""
    rows: list[tuple[str, Any]] = [
        ("Champion", _version(state.champion)),
        ("Candidate", _version(state.candidate)),
        ("Waiting", _version(state.waiting.model if state.waiting else None)),
        ("Phase", state.phase),
        ("Decision", f"{state.decision or 'none'}: {state.reason}"),
    ]
    if state.next_step:
        when = f"{state.next_at:%Y-%m-%d %H:%M} UTC at the earliest" if state.next_at else "not known yet"
        rows.append(("Next", f"{state.next_step}, {when}"))
    if state.deadline:
        rows.append(("Ends by", f"{state.deadline:%Y-%m-%d %H:%M} UTC"))
    for name, value in rows:
        say(f"{name:<10}{value}")


def _version(model: Any) -> str:
    return f"version {model.version} ({model.digest[:12]})" if model else "none"
