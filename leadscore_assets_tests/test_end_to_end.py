"""From files of leads to a scored lead over HTTP, and the same on real data."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from leadscore_assets.commands.demo import lead_as_request
from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.generator import generate_week, small_contract
from leadscore_assets.settings import load_settings
from leadscore_assets_tests.conftest import Stage, end_server
from leadscore_assets_tests.home import START, Home, ask, free_port, run_cli, write_csv

REAL = Path(__file__).parents[2] / "shared" / "data"
GENERATED = tuple(START + WEEK * number for number in range(5))


def make(home: Home, data: Path, *options: str) -> Any:
    told = run_cli("--home", str(home.path), "init", "--data", str(data), "--port", f"{home.port}", "--json", *options)
    assert told.code == 0, told
    return told.json


def quick(home: Home, *lines: tuple[str, str]) -> None:
    for beginning, line in (("rounds = ", "rounds = 30"), ("threads = ", "threads = 1"), *lines):
        home.set(beginning, line, file="policy.toml")


@pytest.fixture(scope="module")
def deployed(stages: Callable[[str, Stage], Home], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Generated leads, exported week by week as CSV, drafted into a home without a word about them, and retrained."""

    def made(place: Path) -> Home:
        for week in GENERATED:
            write_csv(place / "exports" / f"{week}.csv", generate_week(week, contract=small_contract(), seed=42))
        home = Home(place, free_port())
        make(home, place / "exports", "--horizon", "7")
        quick(home)
        home.cli("retrain")
        assert home.cli("endpoint", "status", "--json").json["running"] is True
        home.cli("endpoint", "stop")
        return home

    home = stages("deployed", made).copied(tmp_path_factory.mktemp("deployed") / "home")
    home.cli("endpoint", "start")
    yield home
    end_server(home)


@pytest.fixture(scope="module")
def runtime(deployed: Home) -> Any:
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=f"http://127.0.0.1:{deployed.port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def invoke(runtime: Any, body: Any) -> Any:
    answer = runtime.invoke_endpoint(EndpointName="leadscore", ContentType="application/json", Body=json.dumps(body))
    return json.loads(answer["Body"].read())


def listed(home: Home, data: Path, output: Path) -> dict[str, float]:
    """Score a file with the command line; return each lead's score by its key."""
    home.cli("score", str(data), "--output", str(output))
    table = pq.read_table(output)
    return dict(zip(table["lead_id"].to_pylist(), table["score"].to_pylist(), strict=True))


def test_weeks_of_csv_files_become_a_served_champion(deployed: Home) -> None:
    found = deployed.cli("status", "--json").json
    assert found["weeks"]["stored"] == len(GENERATED)
    assert (found["champion"]["version"], found["champion"]["stage"]) == (1, "production")
    assert found["endpoint"]["running"] is True
    assert found["champion"]["metrics"]["spearman"] > 0.3
    assert deployed.cli("doctor").code == 0


def test_http_boto3_and_the_list_give_the_same_bits(deployed: Home, runtime: Any, tmp_path: Path) -> None:
    data = deployed.path / "exports" / f"{GENERATED[-1]}.csv"
    scores = listed(deployed, data, tmp_path / "ranked.parquet")
    contract = load_settings(deployed.path).contract()
    platform = deployed.platform()
    manifest = platform.lake.manifest(GENERATED[-1])
    assert manifest
    rows = platform.lake.read_files(manifest.files).slice(0, 1_000).to_pylist()
    answers = invoke(runtime, [lead_as_request(row, contract) for row in rows])["predictions"]
    assert len(answers) == len(rows) == 1_000
    online = np.array([answer["score"] for answer in answers])
    batch = np.array([scores[row["lead_id"]] for row in rows])
    assert online.tobytes() == batch.tobytes()
    alone = ask(deployed, lead_as_request(rows[0], contract))
    assert alone["predictions"] == answers[:1]
    assert alone["predictions"][0]["score"] == batch[0]
    assert alone["model_version"] == 1


def test_a_lead_that_breaks_the_contract_gets_an_error_with_the_fields_name(deployed: Home, runtime: Any) -> None:
    contract = load_settings(deployed.path).contract()
    lead = {"lead_id": "x", "created_at": "2025-03-03T09:00:00Z", "pricing_views": "many"}
    with pytest.raises(ClientError) as error:
        invoke(runtime, lead)
    assert "pricing_views" in str(error.value)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] in range(400, 500)
    assert "pricing_views" in contract.names


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the real data sets are not beside this checkout")
@pytest.mark.parametrize(
    ("name", "kind", "start", "weeks"),
    [("bank_leads", "parquet", date(2009, 3, 2), 12), ("hotel_leads", "csv", date(2016, 2, 1), 8)],
)
def test_real_leads_go_live_with_no_code(tmp_path: Path, name: str, kind: str, start: date, weeks: int) -> None:
    whole = pq.read_table(REAL / f"{name}.parquet")
    moments = whole["created_at"].cast(pa.timestamp("us"))
    from_to = [np.datetime64(day) for day in (start, start + timedelta(weeks=weeks))]
    values = moments.to_numpy()
    part = whole.filter(pa.array((values >= from_to[0]) & (values < from_to[1])))
    data = tmp_path / f"leads.{kind}"
    if kind == "csv":
        write_csv(data, part)
    else:
        pq.write_table(part, data)
    home = Home(tmp_path / "home", free_port())
    try:
        drafted = make(home, data)
        assert len(drafted["features"]) >= 10
        quick(home)
        last = start + WEEK * (weeks - 1)
        found = home.cli("backfill", "--from", f"{last - WEEK}", "--to", f"{last - WEEK}", "--json").json
        assert [item["success"] for item in found] == [True]
        retrained = home.cli("retrain", "--week", f"{last}", "--json").json
        assert retrained["decision"] == "promote", retrained["reasons"]
        assert home.cli("status", "--json").json["endpoint"]["running"] is True
        assert home.cli("doctor").code == 0
    finally:
        end_server(home)
