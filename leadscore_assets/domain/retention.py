"""Retention: which stored things go and why, from what there is, what must stay, the policy and the moment.

Everything that stays keeps what it needs. Some things are judged by their own age; others, such as the rows of a week,
stay as long as something names them. Removals are ordered so that a pointer goes before what it points to: stopped
anywhere, nothing is left that points to something gone, and the next plan is the rest of this one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.policy import Policy

Store = Literal["lake", "bundles", "training", "captures", "runs", "outbox"]
# In the order of removal: what points comes before what it points to.
KINDS = (
    "run",
    "letter",
    "capture",
    "list",
    "training",
    "report",
    "evaluation",
    "drift",
    "pointer",
    "gate",
    "slice",
    "leads",
    "generation",
    "profile",
    "rows",
    "candidate",
    "bundle",
    "damaged",
    "unfinished",
)
_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}
UNNAMED = "nothing names it"


@dataclass(frozen=True)
class Artefact(Record):
    """One stored thing: where, what kind, its bytes, when it was written, the week it is about, and what it needs.

    `needs` holds names of other artefacts (store/path) that stay as long as this one does.
    """

    store: Store
    path: str
    kind: str
    size: int
    at: datetime
    week: date | None = None
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The artefact's name among all stores."""
        return f"{self.store}/{self.path}"


@dataclass(frozen=True)
class Keep:
    """What must stay, by name with the reason; the newest week, and the first one that what comes next may reach.

    A week's age is counted from the newest week that is stored: a site that rests, or that learns from old data, does
    not lose it.
    """

    named: Mapping[str, str]
    newest: date
    weeks_from: date


@dataclass(frozen=True)
class Removal(Record):
    """One thing to remove, and why."""

    store: Store
    path: str
    kind: str
    size: int
    reason: str
    week: date | None = None

    @property
    def name(self) -> str:
        """The thing's name among all stores."""
        return f"{self.store}/{self.path}"


def plan(inventory: Sequence[Artefact], keep: Keep, policy: Policy, now: datetime) -> tuple[Removal, ...]:
    """Return what goes, in the order of removal: what is due and not needed by anything that stays."""
    due = _due(inventory, keep, policy, now)
    staying = _reached(inventory, [item.name for item in inventory if item.name not in due])
    gone = [item for item in inventory if item.name not in staying]
    # The oldest first: a bound by size gives the rest of its own answer when it is asked again halfway.
    ordered = sorted(gone, key=lambda item: (_RANKS[item.kind], item.week or date.min, item.at, item.path))
    return tuple(Removal(it.store, it.path, it.kind, it.size, due[it.name], it.week) for it in ordered)


def plan_digest(removals: Iterable[Removal]) -> str:
    """Return the SHA-256 of a plan."""
    return digest_of([[item.name, item.reason] for item in removals])


def in_order(removals: Iterable[Removal]) -> tuple[Removal, ...]:
    """Put removals of several plans into the order of removal, kind by kind."""
    return tuple(sorted(removals, key=lambda item: _RANKS[item.kind]))


def _reached(inventory: Sequence[Artefact], roots: Iterable[str]) -> set[str]:
    """Return the roots and everything that they need, and what that needs, and so on."""
    needs = {item.name: item.needs for item in inventory}
    found, ahead = set[str](), list(roots)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += needs.get(name, ())
    return found


def _due(inventory: Sequence[Artefact], keep: Keep, policy: Policy, now: datetime) -> dict[str, str]:
    """Return what does not stay on its own account, with the reason."""
    grace = timedelta(hours=policy.retention.grace_hours)
    free = [item for item in inventory if now - item.at >= grace and item.name not in keep.named]
    captured = _captures([item for item in inventory if item.kind == "capture"], policy, now)
    found = {item.name: captured.get(item.name, "") for item in free if item.kind == "capture"}
    found |= {item.name: _reason(item, keep, policy, now) for item in free if item.kind != "capture"}
    return {name: reason for name, reason in found.items() if reason}


def _reason(item: Artefact, keep: Keep, policy: Policy, now: datetime) -> str:
    """Return why a thing is due; empty where it is not."""
    if item.kind in _UNJUDGED:
        return _UNJUDGED[item.kind]
    what, days = _JUDGED[item.kind][0], _JUDGED[item.kind][1](policy)
    if item.week is None:
        age, told = (now - item.at).days, f"{what} {(now - item.at).days:,} days ago"
    else:
        age = (keep.newest - item.week).days if item.week < keep.weeks_from else 0
        told = f"{what} is {age:,} days older than the newest"
    return f"{told}, and {days:,} days are kept" if age > days else ""


def _captures(items: Sequence[Artefact], policy: Policy, now: datetime) -> dict[str, str]:
    """The capture's own rule: what is too old goes, then the oldest until the rest is small enough."""
    days, most = policy.capture.keep_days, policy.capture.keep_megabytes << 20
    total, found = sum(item.size for item in items), {}
    for item in sorted(items, key=lambda it: (it.at, it.path)):
        if now - item.at > timedelta(days=days):
            found[item.name] = f"captured more than {days:,} days ago"
        elif total > most:
            found[item.name] = f"the oldest of more than {policy.capture.keep_megabytes:,} MB of captures"
        else:
            break
        total -= item.size
    return found


# What stays only as long as something names it, or never.
_UNJUDGED = {
    **dict.fromkeys(("rows", "generation", "profile", "pointer"), UNNAMED),
    "bundle": "a version that is neither among the newest, nor live, nor lately champion, nor evidence",
    "unfinished": "left unfinished by something that was cut short",
}
_JUDGED: dict[str, tuple[str, Callable[[Policy], int]]] = {
    "run": ("ended", lambda policy: policy.retention.runs_days),
    # A notice is told once while its letter is kept: as long as its step may decide the same again.
    "letter": (
        "ended",
        lambda policy: max(policy.retention.notices_days, policy.notices.news_days, policy.release.wait_days),
    ),
    "list": ("its week", lambda policy: policy.retention.leads_days),
    "leads": ("its week", lambda policy: policy.retention.leads_days),
    "report": ("its week", lambda policy: policy.retention.reports_days),
    "evaluation": ("written", lambda policy: policy.retention.reports_days),
    "drift": ("written", lambda policy: policy.retention.reports_days),
    "slice": ("its week", lambda policy: policy.retention.candidates_days),
    "gate": ("its week", lambda policy: policy.retention.candidates_days),
    "candidate": ("trained and never registered", lambda policy: policy.retention.candidates_days),
    "training": ("written", lambda policy: policy.retention.training_days),
    "damaged": ("set aside as damaged", lambda policy: policy.retention.training_days),
}
