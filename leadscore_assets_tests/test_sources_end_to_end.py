"""From `leadscore init` on leads that lie elsewhere to a correction there that opens its week again."""

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from leadscore_assets.backends.aws.delta_storage import storage_options
from leadscore_assets.settings import load_settings
from leadscore_assets_tests.aws.conftest import BUCKET
from leadscore_assets_tests.home import ROWS, WEEKS, Home, free_port, leads

KINDS = ("s3", "delta", "delta on s3", "sql")
Place = tuple[list[str], Callable[[pa.Table], None]]


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """How `init` names a place, and how its leads are written there anew."""
    if request.param == "delta":
        return ["--data", str(tmp_path / "table")], lambda table: _to_delta(str(tmp_path / "table"), table, {})
    if request.param == "sql":
        url, query = request.getfixturevalue("database"), tmp_path / "leads.sql"
        query.write_text("SELECT * FROM crm -- every lead\n;")
        return ["--data", url, "--query", str(query)], lambda table: _to_database(url, table)
    account, key = request.getfixturevalue("aws_chain"), f"e2e/{uuid4().hex}"
    if request.param == "s3":

        def put(table: pa.Table) -> None:
            sink = BytesIO()
            pq.write_table(table, sink)
            account.call("s3", "put_object", Bucket=BUCKET, Key=f"{key}/leads.parquet", Body=sink.getvalue())

        return ["--data", f"s3://{BUCKET}/{key}/"], put
    uri = f"s3://{BUCKET}/{key}"
    return ["--data", f"delta+{uri}"], lambda table: _to_delta(uri, table, storage_options(account))


def _to_delta(uri: str, table: pa.Table, options: dict[str, str]) -> None:
    deltalake.write_deltalake(uri, table, mode="overwrite", storage_options=options)


def _to_database(url: str, table: pa.Table) -> None:
    types = {"created_at": "timestamptz", "employees": "integer", "revenue": "numeric(12, 2)", "opened_mail": "boolean"}
    types |= {"industry": "text", "lead_id": "text", "lead_score": "smallint", "converted": "boolean"}
    columns = ", ".join(f"{name} {types[name]}" for name in table.column_names)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS crm")
        connection.exec_driver_sql(f"CREATE TABLE crm ({columns})")
        values = ", ".join(f":{name}" for name in table.column_names)
        connection.execute(sa.text(f"INSERT INTO crm VALUES ({values})"), table.to_pylist())


def corrected(table: pa.Table, keys: Sequence[str]) -> pa.Table:
    rows: list[dict[str, Any]] = table.to_pylist()
    return pa.Table.from_pylist(
        [row | {"employees": 42} if row["lead_id"] in keys else row for row in rows], schema=table.schema
    )


def test_two_weeks_come_in_and_a_correction_opens_its_week_again(place: Place, tmp_path: Path) -> None:
    named, write = place
    table = pa.concat_tables([leads(week) for week in WEEKS[:3]])
    write(table)
    home = Home(tmp_path / "home", free_port())
    drafted = home.cli("init", *named, "--port", f"{home.port}", "--json").json
    assert drafted["features"] == ["employees", "revenue", "opened_mail", "industry"]
    assert drafted["start_week"] == f"{WEEKS[0]}"
    found = home.cli("ingest", "--limit", "2", "--json").json
    assert [(item["week"], item["rows"], item["quarantined"]) for item in found] == [
        (f"{week}", ROWS, 0) for week in WEEKS[:2]
    ]
    checks = {item["check"]: item for item in home.cli("doctor", "--json").json}
    assert checks["source"]["passed"], checks["source"]
    assert f"3 weeks from {WEEKS[0]} to {WEEKS[2]}" in checks["source"]["found"]
    held = load_settings(home.path)
    assert "testing-secret" not in (held.home / "leadscore.toml").read_text()

    write(corrected(table, [f"lead-{WEEKS[1]}-{at}" for at in (0, 7)]))
    found = home.cli("ingest", "--limit", "1", "--json").json
    assert [(item["week"], item["rows"]) for item in found] == [(f"{WEEKS[1]}", ROWS)]
    manifest = home.platform().lake.manifest(WEEKS[1])
    assert manifest
    assert (manifest.generation, manifest.corrected, manifest.late) == (2, 2, 0)
    [record] = home.platform().ledger.records(action="reopened")
    assert record.subject == f"week {WEEKS[1]}"
    for path in (home.path / "lake").rglob("*.json"):
        assert "testing-secret" not in path.read_text()


def test_leads_in_a_table_and_in_a_bucket_are_scored_like_a_file(
    champion: Home, copy: Callable[[Home], Home], aws_chain: Any, tmp_path: Path
) -> None:
    home = copy(champion)
    _to_delta(str(tmp_path / "new"), leads(WEEKS[4]), {})
    sink = BytesIO()
    pq.write_table(leads(WEEKS[4]), sink)
    aws_chain.call("s3", "put_object", Bucket=BUCKET, Key="new/leads.parquet", Body=sink.getvalue())
    path = home.path / "leadscore.toml"
    path.write_text(path.read_text() + f'\n[allowed]\nbuckets = ["{BUCKET}"]\n')
    local = home.cli("score", str(tmp_path / "new"), "--json").json
    remote = home.cli("score", f"s3://{BUCKET}/new/", "--json").json
    assert local["scored"] == ROWS
    assert remote["leads"] == local["leads"]
