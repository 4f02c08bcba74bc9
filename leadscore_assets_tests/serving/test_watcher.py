import shutil
from pathlib import Path

import pytest

from leadscore_assets.serving.desired import Desired, Placed, Release
from leadscore_assets.serving.folder import StateFolder
from leadscore_assets.serving.models import Live
from leadscore_assets.serving.watcher import Watcher
from leadscore_assets_tests.serving.bundles import placed, records
from leadscore_assets_tests.serving.conftest import TwoBundles


@pytest.fixture
def folder(state: Path) -> StateFolder:
    folder = StateFolder(state)
    folder.prepare()
    return folder


def corrupted(two: TwoBundles, tmp_path: Path) -> Placed:
    place = tmp_path / "broken" / two.second
    shutil.copytree(two.kept.path(two.second), place)
    model = place / "model.ubj"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    return Placed("champion", two.second, 2, 1.0, str(place))


def served(live: Live) -> tuple[int, int]:
    assert live.serving
    return live.serving.generation, live.serving.heaviest.placed.version


def test_nothing_deployed_serves_nothing(folder: StateFolder) -> None:
    live = Live()
    watcher = Watcher(folder, live)
    watcher.look()
    folder.write_desired(Desired())
    watcher.look()
    assert live == Live()


def test_a_new_generation_is_swapped_in_whole(folder: StateFolder, two: TwoBundles) -> None:
    live = Live()
    watcher = Watcher(folder, live)
    first = Desired().followed_by([placed(two.kept, two.first, 1)])
    folder.write_desired(first)
    watcher.look()
    before = live.serving
    folder.write_desired(first.followed_by([placed(two.kept, two.second, 2)]))
    watcher.look()
    assert served(live) == (2, 2)
    assert before
    assert before.heaviest.placed.version == 1
    lead = records(1)
    assert before.heaviest.scorer.score_records(lead).score != live.serving.heaviest.scorer.score_records(lead).score  # type: ignore[union-attr]


def test_a_corrupt_bundle_leaves_the_old_one_serving_and_is_told(
    folder: StateFolder, two: TwoBundles, tmp_path: Path
) -> None:
    live = Live()
    watcher = Watcher(folder, live)
    good = Desired().followed_by([placed(two.kept, two.first, 1)]).confirmed()
    folder.write_desired(good)
    watcher.look()
    folder.write_desired(good.followed_by([corrupted(two, tmp_path)]))
    watcher.look()
    assert served(live) == (1, 1)
    assert live.error_generation == 2
    assert "model.ubj" in str(live.error)
    folder.write_desired(good.followed_by([]).followed_by([placed(two.kept, two.second, 2)]))
    watcher.look()
    assert served(live) == (3, 2)
    assert live.error is None


def test_a_server_that_starts_on_a_corrupt_bundle_serves_the_last_good_one(
    folder: StateFolder, two: TwoBundles, tmp_path: Path
) -> None:
    live = Live()
    good = Desired().followed_by([placed(two.kept, two.first, 1)]).confirmed()
    folder.write_desired(good.followed_by([corrupted(two, tmp_path)]))
    Watcher(folder, live).look()
    assert served(live) == (1, 1)
    assert live.error_generation == 2


@pytest.mark.parametrize(
    "variants",
    [(), (Placed("champion", "0" * 64, 1, 1.0, "/nowhere"),)],
    ids=["no variant", "no bundle"],
)
def test_a_release_that_cannot_be_opened_is_an_error_not_a_crash(
    folder: StateFolder, variants: tuple[Placed, ...]
) -> None:
    live = Live()
    folder.write_desired(Desired(generation=1, issued=1, variants=variants))
    Watcher(folder, live).look()
    assert live.serving is None
    assert live.error_generation == 1


def test_an_unreadable_desired_state_is_told_and_changes_nothing(folder: StateFolder, two: TwoBundles) -> None:
    live = Live()
    watcher = Watcher(folder, live)
    folder.write_desired(Desired().followed_by([placed(two.kept, two.first, 1)]))
    watcher.look()
    folder.desired_file.write_text("{")
    watcher.look()
    assert served(live) == (1, 1)
    assert "desired.json" in str(live.error)


def test_the_same_number_with_other_variants_is_followed_too(folder: StateFolder, two: TwoBundles) -> None:
    live = Live()
    watcher = Watcher(folder, live)
    for version, digest in ((1, two.first), (2, two.second)):
        folder.write_desired(Desired(generation=1, issued=1, variants=(placed(two.kept, digest, version),)))
        watcher.look()
        assert served(live) == (1, version)


def test_a_bundle_that_is_open_stays_open_when_only_its_version_changes(folder: StateFolder, two: TwoBundles) -> None:
    live = Live()
    watcher = Watcher(folder, live)
    scorers = []
    for number in (1, 2):
        release = Release(number, (placed(two.kept, two.first, number),))
        folder.write_desired(Desired(generation=number, issued=number, variants=release.variants))
        watcher.look()
        assert live.serving
        scorers.append(live.serving.heaviest.scorer)
    assert scorers[0] is scorers[1]
    assert live.serving.release == release
