"""A cleaning that is cut short, overtaken, or done by command: the home is whole at every instant and at the end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.retention import Removal
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.upkeep import Cleaning, clean, plan_cleaning
from leadscore_assets.steps.upkeep_inventory import PLAN
from leadscore_assets_tests.home import WEEKS, Home, whole
from leadscore_assets_tests.killing import killed_at
from leadscore_assets_tests.steps.aged_home import LATER, TINY, grow_old, kinds, stored, tiny

Copy = Callable[[Home], Home]


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


@pytest.fixture
def ruled(aged: Home) -> Home:
    """The aged home with the tiny bounds written into its policy."""
    for section, values in TINY.items():
        for name, value in values.items():
            shown = str(value).lower() if isinstance(value, bool) else str(value).replace("'", '"')
            if section in ("retention", "window") or name in ("history_weeks", "minimum_history", "reference_weeks"):
                in_section(aged.path / "policy.toml", section, f"{name} = {shown}")
    return aged


def in_section(path: Path, section: str, line: str) -> None:
    """Set a key in a section of a TOML file, in the place of what stands there."""
    lines, name = path.read_text().splitlines(), line.partition(" = ")[0]
    at = lines.index(f"[{section}]")
    end = next((n for n in range(at + 1, len(lines)) if lines[n].startswith("[")), len(lines))
    kept = [text for text in lines[at + 1 : end] if not text.startswith(f"{name} = ")]
    path.write_text("\n".join([*lines[: at + 1], line, *kept, *lines[end:]]) + "\n")


def test_a_home_that_was_cleaned_by_command_is_sound_serves_and_rolls_back(ruled: Home) -> None:
    served = ruled
    served.cli("endpoint", "start")
    planned = served.cli("clean", "--json").json
    assert planned["removed"] is False
    assert planned["things"] > 20
    assert "would be removed" in served.cli("clean").out

    done = served.cli("clean", "--yes", "--json").json

    assert {item["path"] for item in done["removals"]} == {item["path"] for item in planned["removals"]}
    assert "Nothing to remove" in served.cli("clean").out
    assert "MEND" not in served.cli("doctor").out
    assert served.cli("ledger", "verify", "--json").json["sound"]
    assert served.cli("status", "--json").json["champion"]["version"] == 2
    assert served.cli("rollback", "--json").json["version"] == 1
    whole(served)


def test_a_command_that_was_killed_halfway_leaves_a_whole_home_and_is_gone_on_with(ruled: Home) -> None:
    planned = ruled.cli("clean", "--json").json
    killed_at(
        "leadscore_assets.backends.local.files:LocalFiles.remove after 9", "--home", f"{ruled.path}", "clean", "--yes"
    )
    whole(ruled)
    assert "a cleaning was cut short; run 'leadscore clean --yes'" in ruled.cli("doctor", code=1).error

    done = ruled.cli("clean", "--yes", "--json").json

    assert {item["path"] for item in done["removals"]} == {item["path"] for item in planned["removals"]}
    assert len(ruled.platform().ledger.records(action="cleaned")) == 1
    whole(ruled)
