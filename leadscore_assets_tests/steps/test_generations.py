"""A week that was re-opened can still be read as it was."""

from collections.abc import Callable

import pytest

from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.steps.generations import generation
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets_tests.home import FIRST, Home, leads, write_csv

Copy = Callable[[Home], Home]


def test_every_former_generation_of_a_week_is_found_by_its_digest(small: Home) -> None:
    platform = small.platform()
    first = platform.lake.manifest(FIRST)
    assert first
    assert generation(platform, FIRST, first.digest) == first

    write_csv(small.data / f"{FIRST}.csv", leads(FIRST).slice(3))
    second = ingest_week(platform, FIRST)

    assert generation(platform, FIRST, first.digest) == first
    assert generation(platform, FIRST, second.digest) == second
    assert platform.lake.read_files(first.files).num_rows == second.rows + 3
    assert generation(platform, FIRST, "0" * 64) is None


def test_a_generation_that_is_damaged_is_told(small: Home) -> None:
    platform = small.platform()
    first = platform.lake.manifest(FIRST)
    assert first
    write_csv(small.data / f"{FIRST}.csv", leads(FIRST).slice(3))
    ingest_week(platform, FIRST)
    platform.lake.write_json(f"leads/week={FIRST}/generations/{first.digest}.json", {"week": "?"})

    with pytest.raises(CorruptArtefact, match="is no week's manifest"):
        generation(platform, FIRST, first.digest)
