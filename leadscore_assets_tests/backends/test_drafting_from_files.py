from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from leadscore_assets.backends.local.files_source import local_source
from leadscore_assets.backends.local.source_files import find_files
from leadscore_assets.backends.sources.files_source import read_sample
from leadscore_assets.domain.calendar import week_of
from leadscore_assets.domain.validation import validate_week
from leadscore_assets_tests.domain.drafts import drafted, raw_leads


@pytest.fixture(params=["parquet", "csv"])
def exported(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"leads.{request.param}"
    table = raw_leads(agent=[None if number % 7 == 0 else float(number % 90) for number in range(1500)])
    if request.param == "csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pq.write_table(table, path)
    return path


def test_a_draft_from_a_file_fits_every_week_that_the_source_reads(exported: Path):
    proposal = drafted(read_sample(find_files(f"{exported}", "auto"), place=f"{exported}"))
    assert [feature.kind for feature in proposal.contract.features] == [
        "categorical",
        "numeric",
        "integer",
        "boolean",
        "categorical",
    ]
    source = local_source(f"{exported}", contract=proposal.contract)
    weeks = list(source.weeks())
    assert weeks[0] == proposal.start_week == week_of(proposal.start_week)
    read = [validate_week(source.read(week).table, proposal.contract) for week in weeks]
    assert sum(week.good.num_rows for week in read) == 1500
    assert all(week.reasons == {} for week in read)
