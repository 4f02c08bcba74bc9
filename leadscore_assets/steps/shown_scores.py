"""What sales saw: each lead's first score in a week's list, kept when a later list scores the week again.

A corrected week is scored again by whatever model answers then, which may have learnt from these very leads; how a
model did can only be told by the scores that were shown before anything was known.
"""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.facts import DataFile
from leadscore_assets.steps.platform import Platform

_KEPT = ("score", "conversion_probability", "band", "model_version")


def keep_shown(platform: Platform, week: date, ranked: pa.Table) -> None:
    """Add the leads of a ranked list that no list of the week held before."""
    contract = platform.contract
    table, known = ranked.select([contract.key, contract.created_at, *_KEPT]), shown_scores(platform, week)
    if known is not None:
        others = pc.invert(pc.is_in(table[contract.key], value_set=known[contract.key].combine_chunks()))
        fresh = table.filter(others).cast(known.schema)
        if not fresh.num_rows:
            return
        table = pa.concat_tables([known, fresh])
    # The lock of a cleaning, which takes away tables that nothing names.
    with platform.lake.lock(f"week-{week}"):
        path, sha256 = platform.lake.write_table(table, under=f"scored/week={week}")
        platform.lake.write_json(_path(week), DataFile(path, sha256, table.num_rows, week).to_json())


def shown_scores(platform: Platform, week: date) -> pa.Table | None:
    """Return key, creation, score, chance, band and version of each listed lead as first shown; None without a list."""
    file = shown_file(platform, week)
    return None if file is None else platform.lake.read_files([file])


def shown_file(platform: Platform, week: date) -> DataFile | None:
    """Return where a week's shown scores lie, None where nothing was shown; raise CorruptArtefact."""
    content = platform.lake.read_json(_path(week))
    try:
        return None if content is None else DataFile.from_json(content)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtefact(
            f"{_path(week)} in the lake cannot be read ({error}); remove it and materialize scored_leads for the week"
        ) from None


def _path(week: date) -> str:
    return f"scored/week={week}/shown.json"
