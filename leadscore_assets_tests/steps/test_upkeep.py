"""Cleaning a real home: what goes, what stays, and that it is whole at every instant and at the end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.retention import Removal
from leadscore_assets.steps.evidence import evidence_against
from leadscore_assets.steps.ingest import ingest_week, reopened_weeks
from leadscore_assets.steps.lead_history import lead_then
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.upkeep import Cleaning, clean, plan_cleaning
from leadscore_assets.steps.upkeep_inventory import PLAN, inventory
from leadscore_assets_tests.backends.bundle_files import make_bundle
from leadscore_assets_tests.home import FIRST, NEW, OLD, WEEKS, Home, leads, whole, write_csv
from leadscore_assets_tests.steps.aged import LATER, grow_old, kinds, litter, stored, tiny

Copy = Callable[[Home], Home]


def test_the_default_policy_removes_nothing_of_a_young_home(copy: Copy, released: Home) -> None:
    home = copy(released)
    litter(home)
    before = stored(home)

    assert clean(home.platform()).removals == ()

    assert stored(home) == before
    assert home.platform().ledger.records(action="cleaned") == []


def test_a_plan_changes_nothing(aged: Home) -> None:
    before = stored(aged)

    assert plan_cleaning(tiny(aged)).removals

    assert stored(aged) == before
    assert aged.platform().ledger.records(action="cleaned") == []


def test_old_weeks_and_litter_go_and_what_the_models_stand_on_stays(aged: Home) -> None:
    platform = tiny(aged)
    before = stored(aged)

    found = clean(platform)

    gone = before - stored(aged)
    assert f"lake/leads/week={FIRST}/manifest.json" in gone
    assert not any(path.startswith(f"lake/leads/week={FIRST}/") for path in stored(aged))
    assert {Path(path).name for path in gone} >= {f".{'0' * 32}.tmp", f"part-{'0' * 16}.parquet", "pid", "old.jsonl"}
    assert "lake/somebody/elses.txt" in stored(aged)
    assert len(list(platform.bundles.digests())) == 2
    assert not (aged.path / "bundles" / f".{'0' * 32}.damaged").exists()
    for week in (OLD, NEW):
        for name in ("train", "validation", "test"):
            assert platform.lake.read_files(platform.lake.slice(week, name).files).num_rows
    assert found.bytes == sum(item.size for item in found.removals) > 1000
    whole(aged)


def test_a_cleaning_leaves_one_record_that_counts_what_went(aged: Home) -> None:
    platform = tiny(aged)

    found = clean(platform)

    (record,) = platform.ledger.records(action="cleaned")
    assert record.evidence["counts"] == kinds(found)
    assert record.evidence["bytes"] == found.bytes
    assert record.evidence["plan"] == found.digest
    assert clean(platform).removals == ()
    assert len(platform.ledger.records(action="cleaned")) == 1


def test_the_evidence_of_a_release_holds_after_a_cleaning(aged: Home) -> None:
    platform = tiny(aged)
    state = present_release(platform)
    assert state.champion
    before = evidence_against(platform, state.champion, state, state)

    clean(platform)

    assert evidence_against(platform, state.champion, state, state) == before
    for record in platform.ledger.records(action="judged"):
        assert platform.lake.read_json(f"evaluations/{record.evidence['evaluation']}.json")


def test_cleaned_weeks_are_not_brought_in_again(aged: Home) -> None:
    platform = tiny(aged)
    assert reopened_weeks(platform) == []

    clean(platform)

    assert platform.lake.manifest(FIRST) is None
    assert reopened_weeks(platform) == []
    missed = LATER[-2]
    platform.lake.remove(f"leads/week={missed}/manifest.json")
    assert reopened_weeks(platform) == [missed]


def test_cut_short_again_and_again_it_goes_on_and_ends_the_same(copy: Copy, aged: Home) -> None:
    other = copy(aged)
    grow_old(other.path, days=40)
    wanted, length = clean(tiny(aged)), 0

    found = None
    while found is None:
        length += 1
        found = cut_short(tiny(other), length)
        whole(other)

    assert length > 5
    assert stored(other) == stored(aged)
    assert {item.name for item in found.removals} == {item.name for item in wanted.removals}
    (record,) = other.platform().ledger.records(action="cleaned")
    assert record.evidence["counts"] == kinds(wanted)
    assert not other.platform().lake.holds(PLAN)


def cut_short(platform: Platform, length: int) -> Cleaning | None:
    """Clean until so many things went; return what was cleaned in all if that was the end of it."""
    done: list[Removal] = []

    def cut(item: Removal) -> None:
        done.append(item)
        if len(done) == length:
            raise KeyboardInterrupt

    try:
        return clean(platform, on_removal=cut)
    except KeyboardInterrupt:
        return None


def test_a_cleaning_that_was_killed_between_its_record_and_its_end_is_recorded_once(aged: Home) -> None:
    platform = tiny(aged)
    kept: list[dict] = []
    found = clean(platform, on_removal=lambda _: kept.append(platform.lake.read_json(PLAN) or {}))
    platform.lake.write_json(PLAN, kept[0])

    assert clean(platform).removals == found.removals

    assert len(platform.ledger.records(action="cleaned")) == 1


def test_what_a_rollback_goes_to_stays_though_nothing_else_keeps_it(aged: Home) -> None:
    platform = tiny(aged, evidence_days=2, champion_days=2)
    state = present_release(platform)
    assert registered(platform, aged) == 3
    assert state.earlier

    clean(replace(platform, now=lambda: datetime.now(UTC) + timedelta(days=400)))

    assert platform.bundles.path(state.earlier.digest).is_dir()
    assert [item.kept for item in platform.registry.packages()] == [True] * 3


def registered(platform: Platform, home: Home) -> int:
    """Register a bundle of another content beside the two."""
    make_bundle(home.path / "made")
    return archived(platform, platform.bundles.add(home.path / "made"))


def archived(platform: Platform, digest: str) -> int:
    lineage = {"features_digest": "f", "data_digest": "d"}
    package = platform.registry.register(digest=digest, week=WEEKS[3], metrics={}, lineage=lineage)
    platform.registry.stage(package.version, "archive")
    return package.version


def test_a_bundle_that_goes_takes_its_pointer_along_and_the_registry_knows(aged: Home) -> None:
    platform = tiny(aged, evidence_days=2, champion_days=2)
    made = registered(platform, aged)
    digest = platform.registry.get(made).digest
    platform.lake.write_json(f"models/week={WEEKS[3]}/model.json", {"digest": digest, "job": "x"})
    newer = [archived(platform, f"{number:064x}") for number in range(2)]
    platform.lake.write_json("release/state.json", known(platform, newer[-1]))
    grow_old(aged.path, days=40)

    clean(platform)

    assert not platform.registry.get(made).kept
    assert platform.lake.read_json(f"models/week={WEEKS[3]}/model.json") is None
    with pytest.raises(Missing, match="train its week again"):
        platform.bundles.path(digest)


def known(platform: Platform, version: int) -> dict[str, Any]:
    """The release's document, in which a version was rejected: what is newer than all of it would be on its way."""
    content = platform.lake.read_json("release/state.json")
    assert content
    last = dict(content["state"]["history"][-1])
    last["model"] = {"digest": platform.registry.get(version).digest, "version": version}
    rejected = {**last, "before": "none", "after": "registered"}
    history = [*content["state"]["history"], rejected, {**last, "before": "registered", "after": "rejected"}]
    return {**content, "state": {**content["state"], "history": history}}


def test_what_came_to_be_needed_while_it_was_cleaned_is_spared(aged: Home) -> None:
    platform = tiny(aged)
    orphan = f"leads/week={LATER[-1]}/day={LATER[-1]}/part-{'0' * 16}.parquet"
    platform.lake.write_bytes(orphan, b"named by nothing yet")
    grow_old(aged.path, days=40)
    assert orphan in {item.path for item in plan_cleaning(platform).removals}

    found = clean(platform, on_removal=Begun(platform, orphan))

    assert platform.lake.holds(orphan)
    assert orphan not in {item.path for item in found.removals}
    (record,) = platform.ledger.records(action="cleaned")
    assert record.evidence["counts"] == kinds(found)


class Begun:
    """An ingestion that names an orphaned file again, as soon as the first thing is removed."""

    def __init__(self, platform: Platform, path: str) -> None:
        self._platform, self._path, self._done = platform, path, False

    def __call__(self, _: Removal) -> None:
        if not self._done:
            self._done = True
            path = f"leads/week={LATER[-1]}/manifest.json"
            content = self._platform.lake.read_json(path) or {}
            named = {"path": self._path, "sha256": "0" * 64, "rows": 1, "day": f"{LATER[-1]}"}
            self._platform.lake.write_json(path, {**content, "files": [*content["files"], named]})


def test_a_document_that_cannot_be_read_stops_a_cleaning_before_anything_goes(aged: Home) -> None:
    platform = tiny(aged)
    (aged.path / "lake" / f"leads/week={WEEKS[-1]}/manifest.json").write_text("{")
    before = stored(aged)

    with pytest.raises(CorruptArtefact, match=r"manifest\.json is not JSON"):
        clean(platform)

    assert stored(aged) == before


def test_why_a_lead_got_its_score_is_still_answered_by_the_same_bits(aged: Home) -> None:
    platform = tiny(aged)
    key = f"lead-{NEW}-3"
    before = lead_then(platform, key, week=NEW)

    clean(platform)

    after = lead_then(platform, key, week=NEW)
    assert after.row == before.row
    assert not after.differs
    assert not after.leads_changed


def test_a_former_generation_stays_with_its_week(aged: Home) -> None:
    platform = tiny(aged)
    week = LATER[-1]
    former = platform.lake.manifest(week)
    assert former
    write_csv(aged.data / f"{week}.csv", leads(week, seed=99))
    ingest_week(platform, week)
    grow_old(aged.path, days=40)

    clean(platform)

    assert platform.lake.read_files(former.files).num_rows == former.rows
    needs = {item.path: item.needs for item in inventory(platform)}
    assert f"lake/leads/week={week}/generations/{former.digest}.json" in needs[f"leads/week={week}/manifest.json"]
