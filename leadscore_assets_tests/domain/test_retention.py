"""Retention as a plan: what goes, what never does, and that a plan that is cut short is finished by the next one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.lake_kinds import kind_of, named_files
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.retention import KINDS, Artefact, Keep, Removal, plan, plan_digest
from leadscore_assets.domain.retention_keep import Site, keep_of

NOW = datetime(2026, 12, 28, 2, tzinfo=UTC)
NEWEST = date(2026, 12, 14)
DAY = timedelta(days=1)
POLICY = policy_from(
    {
        "retention": {
            "leads_days": 180,
            "reports_days": 120,
            "candidates_days": 90,
            "training_days": 20,
            "runs_days": 60,
            "notices_days": 70,
            "grace_hours": 24,
        },
        "capture": {"keep_days": 30, "keep_megabytes": 1},
    }
)
# What is judged by its week, by its own age, or by nothing but who names it; written down a second time on purpose.
BY_WEEK = {"leads": 180, "list": 180, "report": 120, "slice": 90, "gate": 90}
BY_AGE = {"evaluation": 120, "drift": 120, "candidate": 90, "training": 20, "damaged": 20, "run": 60, "letter": 70}
STORES = {"candidate": "bundles", "bundle": "bundles", "damaged": "bundles", "training": "training"}
STORES |= {"run": "runs", "capture": "captures", "letter": "outbox"}


def artefact(kind: str, name: str, *, days: float = 400, weeks: int | None = None, **more: object) -> Artefact:
    """A thing written so many days ago, about a week so many weeks before the newest."""
    week = None if weeks is None else NEWEST - WEEK * weeks
    size = int(more.pop("size", 100))  # type: ignore[call-overload]
    return Artefact(STORES.get(kind, "lake"), name, kind, size, NOW - DAY * days, week, **more)  # type: ignore[arg-type]


def keep(*names: str, weeks_from: date = NEWEST) -> Keep:
    return Keep(dict.fromkeys(names, "is live"), NEWEST, weeks_from)


@st.composite
def years(draw: st.DrawFn) -> tuple[list[Artefact], Keep]:
    """A year of things that need each other: pointers need what is removed after them, bundles need anything."""
    count = draw(st.integers(0, 24))
    items = []
    for number in range(count):
        kind = draw(st.sampled_from([kind for kind in KINDS if kind != "capture"]))
        weeks = draw(st.integers(0, 60)) if kind in (*BY_WEEK, "rows", "generation", "profile", "pointer") else None
        items.append(
            artefact(kind, f"{kind}-{number}", days=draw(st.sampled_from([0.5, 2, 25, 100, 400])), weeks=weeks)
        )
    joined = []
    for item in items:
        later = [it.name for it in items if KINDS.index(it.kind) > KINDS.index(item.kind)]
        back = [it.name for it in items if item.kind in ("bundle", "candidate") and it.store == "lake"]
        chosen = draw(st.lists(st.sampled_from(later + back), max_size=3)) if later + back else []
        joined.append(replace(item, needs=tuple(chosen)))
    named = draw(st.lists(st.sampled_from([item.name for item in items]), max_size=3)) if items else []
    return joined, keep(*named, weeks_from=NEWEST - WEEK * draw(st.integers(0, 30)))


def stands_alone(item: Artefact, kept: Keep) -> bool:
    """Whether a thing stays whatever else there is."""
    if item.name in kept.named or NOW - item.at < timedelta(hours=24):
        return True
    if item.kind in BY_WEEK:
        assert item.week
        return item.week >= kept.weeks_from or (NEWEST - item.week).days <= BY_WEEK[item.kind]
    return item.kind in BY_AGE and (NOW - item.at).days <= BY_AGE[item.kind]


def staying(items: list[Artefact], kept: Keep) -> set[str]:
    """The slow way: look through everything again until nothing more has to stay."""
    found = {item.name for item in items if stands_alone(item, kept)}
    while more := {name for item in items if item.name in found for name in item.needs} - found:
        found |= more
    return found


@given(years())
def test_exactly_what_nothing_keeps_goes(year: tuple[list[Artefact], Keep]) -> None:
    items, kept = year
    gone = {item.name for item in plan(items, kept, POLICY, NOW)}
    assert gone == {item.name for item in items} - staying(items, kept)


@given(years())
def test_what_goes_is_neither_named_nor_young_nor_needed_and_says_why(year: tuple[list[Artefact], Keep]) -> None:
    items, kept = year
    removals = plan(items, kept, POLICY, NOW)
    gone = {item.name for item in removals}
    assert not gone & set(kept.named)
    assert all(NOW - item.at >= timedelta(hours=24) for item in items if item.name in gone)
    assert not {name for item in items if item.name not in gone for name in item.needs} & gone
    assert all(item.reason for item in removals)


@given(years())
def test_stopped_after_any_removal_nothing_points_to_what_is_gone_and_the_next_plan_is_the_rest(
    year: tuple[list[Artefact], Keep],
) -> None:
    items, kept = year
    removals = plan(items, kept, POLICY, NOW)
    for done in range(len(removals) + 1):
        gone = {item.name for item in removals[:done]}
        left = [item for item in items if item.name not in gone]
        pointing = [item for item in left if item.store == "lake" and set(item.needs) & gone]
        assert pointing == []
        assert plan(left, kept, POLICY, NOW) == removals[done:]


@given(st.lists(st.tuples(st.floats(0, 60), st.integers(1, 900_000)), max_size=12))
def test_captures_go_by_their_own_bounds_the_oldest_first_however_often_it_is_begun(
    found: list[tuple[float, int]],
) -> None:
    items = [artefact("capture", f"{n:02}", days=days, size=size) for n, (days, size) in enumerate(found)]
    removals = plan(items, keep(), POLICY, NOW)
    gone = {item.name for item in removals}
    left = [item for item in items if item.name not in gone]
    assert all(NOW - item.at <= 30 * DAY for item in left)
    old_enough = [item for item in left if NOW - item.at >= DAY]
    assert sum(item.size for item in left) <= 1 << 20 or not old_enough
    for done in range(len(removals)):
        rest = [item for item in items if item.name not in {it.name for it in removals[:done]}]
        assert plan(rest, keep(), POLICY, NOW) == removals[done:]


def test_a_reason_names_the_age_and_the_bound() -> None:
    item = artefact("leads", "leads/week=2026-01-05/manifest.json", weeks=40)
    assert plan([item], keep(), POLICY, NOW)[0].reason == (
        "its week is 280 days older than the newest, and 180 days are kept"
    )
    assert plan([artefact("run", "r1", days=61)], keep(), POLICY, NOW)[0].reason == (
        "ended 61 days ago, and 60 days are kept"
    )


def test_a_removal_comes_back_from_json_and_equal_plans_have_one_digest() -> None:
    removals = plan([artefact("rows", "a", weeks=3), artefact("run", "b")], keep(), POLICY, NOW)
    assert tuple(Removal.from_json(item.to_json()) for item in removals) == removals
    assert plan_digest(removals) == plan_digest(list(removals)) != plan_digest(removals[:1])


def site(**change: object) -> Site:
    versions = {number: f"v{number}" for number in range(1, 31)}
    empty = Site({}, versions, {}, {}, (), NEWEST, NEWEST)
    return replace(empty, **change)  # type: ignore[arg-type]


def kept_digests(found: Site, **retention: int) -> set[str]:
    policy = policy_from({"retention": retention}) if retention else Policy()
    return {name.removeprefix("bundles/") for name in keep_of(found, policy, NOW).named}


@pytest.mark.parametrize(
    ("change", "retention", "digest", "stays"),
    [
        ({"roles": {"v1": "is live"}}, {}, "v1", True),
        ({}, {"versions": 3}, "v28", True),
        ({}, {"versions": 3}, "v27", False),
        ({"reigns": {"v2": NOW - 100 * DAY}}, {}, "v2", True),
        ({"reigns": {"v2": NOW - 400 * DAY}}, {}, "v2", False),
        ({"releases": {"v3": NOW - 4000 * DAY}}, {}, "v3", True),
        ({"releases": {"v3": NOW - 800 * DAY}}, {"evidence_days": 700}, "v3", False),
        ({"releases": {"v3": NOW - 600 * DAY}}, {"evidence_days": 700}, "v3", True),
        ({"lists": ((NEWEST - WEEK * 20, "v4"),)}, {}, "v4", True),
        ({"lists": ((NEWEST - WEEK * 20, "v4"),)}, {"leads_days": 100}, "v4", False),
        ({"lists": ((NEWEST - WEEK * 20, "v4"),), "weeks_from": NEWEST - WEEK * 21}, {"leads_days": 100}, "v4", True),
    ],
)
def test_a_bundle_stays_for_what_it_is_was_and_answered(
    change: dict[str, object], retention: dict[str, int], digest: str, *, stays: bool
) -> None:
    assert (digest in kept_digests(site(**change), **retention)) is stays


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("leads/week=2026-01-05/manifest.json", "leads"),
        (f"leads/week=2026-01-05/generations/{'ab' * 32}.json", "generation"),
        ("leads/week=2026-01-05/day=2026-01-06/part-0123456789abcdef.parquet", "rows"),
        ("quarantine/week=2026-01-05/part-0123456789abcdef.parquet", "rows"),
        ("slices/week=2026-01-05/train.json", "slice"),
        ("models/week=2026-01-05/model.json", "pointer"),
        ("reports/week=2026-01-05/drift.html", "report"),
        (f"evaluations/{'0' * 64}.json", "evaluation"),
        (f"leads/week=2026-01-05/.{'0' * 32}.tmp", "unfinished"),
        (f".{'0' * 32}.tmp", "unfinished"),
        ("scored/week=2026-01-05/shown.json", "list"),
        ("scored/week=2026-01-05/part-0123456789abcdef.parquet", "rows"),
        ("runs/week=2026-01-05/runs.json", "report"),
        ("runs/week=2026-01-05/part-0123456789abcdef.parquet", "rows"),
        ("reports/week=2026-01-05/weekly.html", "report"),
        ("release/state.json", None),
        ("release/outcomes.json", None),
        ("profiles/bins-0123456789abcdef.json", None),
        ("reports/replay.html", None),
        ("upkeep/unfinished.json", None),
        ("somebody/elses.file", None),
    ],
)
def test_a_path_says_what_a_file_is_and_what_is_not_known_is_nobodys(path: str, kind: str | None) -> None:
    found = kind_of(path)
    assert (found[0] if found else None) == kind


def test_a_letter_outlives_what_could_have_it_told_again() -> None:
    letter = artefact("letter", "drift:1", days=100)
    for section, name in (("notices", "news_days"), ("release", "wait_days")):
        policy = policy_from({"retention": {"notices_days": 1}, section: {name: 100}})
        assert plan([letter], keep(), policy, NOW) == ()
        assert [item.name for item in plan([letter], keep(), policy, NOW + DAY)] == ["outbox/drift:1"]


def test_files_are_named_at_any_depth() -> None:
    content = {"files": [{"path": "a", "sha256": "x"}], "quarantine_file": "b", "table": {"path": "c", "sha256": "y"}}
    assert list(named_files({**content, "place": {"path": "d"}})) == ["b", "a", "c"]
