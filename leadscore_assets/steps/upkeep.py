"""Upkeep: what nothing needs any more is removed by the policy's retention, and recorded once it is gone.

The plan is stored before the first removal: stopped anywhere, the next cleaning goes on, and its record tells of both.
Every removal is looked at again under the lock of whoever could have begun to need the thing since.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from leadscore_assets.backends.ports import FileStore
from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.retention import Removal, in_order, plan, plan_digest
from leadscore_assets.domain.retention_keep import keep_of
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.upkeep_inventory import PLAN, inventory, named_by, stores
from leadscore_assets.steps.upkeep_site import roles, site_of
from leadscore_assets.steps.week_index import forget_weeks, page_path

Say = Callable[[Removal], None]
_OF_A_WEEK = ("leads", "generation", "profile", "rows")


@dataclass(frozen=True)
class Group:
    """The removals of one kind: how many, their bytes, the weeks they are about, and the first one's reason."""

    kind: str
    things: int
    bytes: int
    weeks: str
    reason: str


@dataclass(frozen=True)
class Cleaning:
    """What was removed, or would be: every removal with its reason, in the order of removal."""

    removals: tuple[Removal, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of names and reasons."""
        return plan_digest(self.removals)

    @property
    def bytes(self) -> int:
        """The bytes of all removals."""
        return sum(item.size for item in self.removals)

    @property
    def groups(self) -> list[Group]:
        """The removals by kind."""
        return [_group(kind, list(items)) for kind, items in groupby(self.removals, key=lambda item: item.kind)]


def plan_cleaning(platform: Platform, runs: FileStore | None = None) -> Cleaning:
    """Say what a cleaning would remove now; nothing changes."""
    now = platform.now()
    # The inventory first: what comes into being while the rest is read is in no plan.
    held = inventory(platform, runs)
    newest = max((item.week for item in held if item.kind == "leads" and item.week), default=platform.start_week)
    return Cleaning(plan(held, keep_of(site_of(platform, newest), platform.policy, now), platform.policy, now))


def clean(platform: Platform, runs: FileStore | None = None, *, on_removal: Say = lambda _: None) -> Cleaning:
    """Remove what the policy keeps no longer, record it, and return it; with nothing to remove nothing is recorded."""
    with platform.lake.lock("upkeep"):
        begun, before = _begun(platform)
        fresh = plan_cleaning(platform, runs)
        whole = Cleaning(in_order((*_gone(platform, before, fresh, runs), *fresh.removals)))
        if whole.removals:
            content = {"begun": begun, "removals": [item.to_json() for item in whole.removals]}
            platform.lake.write_json(PLAN, content)
            forget_weeks(platform, _weeks_of_pages(fresh.removals))
        spared = set(_carry_out(platform, fresh.removals, runs, on_removal))
        done = Cleaning(tuple(item for item in whole.removals if item.name not in spared))
        if done.removals:
            _record(platform, done, begun)
        platform.lake.remove(PLAN)
        return done


def _group(kind: str, items: list[Removal]) -> Group:
    weeks = sorted({f"{item.week}" for item in items if item.week})
    shown = weeks[0] if len(weeks) == 1 else f"{weeks[0]} to {weeks[-1]}" if weeks else ""
    return Group(kind, len(items), sum(item.size for item in items), shown, items[0].reason)


def _begun(platform: Platform) -> tuple[str, list[Removal]]:
    """Return when the cleaning began that was cut short, and its plan; now and nothing where none was."""
    content = platform.lake.read_json(PLAN)
    if content is None:
        return platform.now().isoformat(), []
    try:
        return str(content["begun"]), [Removal.from_json(item) for item in content["removals"]]
    except (KeyError, TypeError) as error:
        raise CorruptArtefact(f"{PLAN} in the lake cannot be read ({error}); remove it and clean again") from None


def _gone(platform: Platform, before: Sequence[Removal], fresh: Cleaning, runs: FileStore | None) -> Iterator[Removal]:
    """Yield what a cleaning that was cut short had removed already."""
    if before:
        ahead = {item.name for item in fresh.removals}
        there = {f"{name}/{file.path}" for name, store in stores(platform, runs).items() for file in store.files()}
        yield from (item for item in before if item.name not in ahead | there)


def _carry_out(
    platform: Platform, removals: Sequence[Removal], runs: FileStore | None, on_removal: Say
) -> Iterator[str]:
    """Remove one thing after the other; yield the names of those that are needed again."""
    held, planned = stores(platform, runs), {item.name for item in removals}
    for lock, group in groupby(removals, key=_lock):
        together = list(group)
        with platform.lake.lock(lock) if lock else nullcontext():
            needed = _needed_now(platform, together, planned)
            for item in together:
                if item.name in needed:
                    yield item.name
                    continue
                _withdraw(platform, item)
                held[item.store].remove(item.path)
                on_removal(item)


def _lock(item: Removal) -> str:
    """Name the lock of whoever might begin to need a thing: an ingestion of its week, or a step of the release."""
    if item.kind in _OF_A_WEEK and item.week:
        return f"week-{item.week}"
    return "release" if item.kind in ("bundle", "candidate") else ""


def _needed_now(platform: Platform, removals: Sequence[Removal], planned: set[str]) -> set[str]:
    """Return which of some removals, of one kind of lock, came to be needed since the plan was made."""
    first = removals[0]
    if first.kind in ("bundle", "candidate"):
        alive = roles(platform, platform.registry.packages())
        return {item.name for item in removals if item.path in alive}
    if first.kind in _OF_A_WEEK and first.week:
        return named_by(platform, first.week) if first.kind == "rows" else set()
    return {item.name for item in removals if item.kind == "pointer" and _points_on(platform, item, planned)}


def _points_on(platform: Platform, item: Removal, planned: set[str]) -> bool:
    """Tell whether a week's pointer was given another model meanwhile."""
    digest = (platform.lake.read_json(item.path) or {}).get("digest")
    return f"bundles/{digest}" not in planned and digest in platform.bundles.digests()


def _weeks_of_pages(removals: Sequence[Removal]) -> set[date]:
    """Return the weeks whose page goes, which the index names until then."""
    return {item.week for item in removals if item.week and item.path == page_path(item.week)}


def _withdraw(platform: Platform, item: Removal) -> None:
    """Note with a version that its bundle goes, before it goes."""
    package = platform.registry.find(item.path) if item.kind == "bundle" else None
    if package is not None and package.kept:
        platform.registry.withdraw(package.version)


def _record(platform: Platform, done: Cleaning, begun: str) -> None:
    counts = {group.kind: group.things for group in done.groups}
    shown = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    platform.ledger.append(
        "cleaned",
        "home",
        reason=f"{len(done.removals):,} things, {done.bytes / 1e6:,.1f} MB: {shown}",
        evidence={
            "plan": done.digest,
            "counts": counts,
            "bytes": done.bytes,
            "policy_digest": platform.policy.digest,
        },
        key=f"cleaned:{begun}:{done.digest}",
    )
