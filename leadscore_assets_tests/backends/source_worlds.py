"""Places that hold the same leads, one for each kind of source: filled, corrected and opened in the same way."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.delta_storage import storage_options
from leadscore_assets.backends.aws.s3_source import s3_source
from leadscore_assets.backends.local.files_source import local_source
from leadscore_assets.backends.ports import LeadSource
from leadscore_assets.backends.sources.delta_source import DeltaSource
from leadscore_assets.backends.sources.delta_table import DeltaPlace
from leadscore_assets.backends.sources.sql_source import SqlSource
from leadscore_assets.domain.contract import Contract, contract_from
from leadscore_assets_tests.aws.conftest import BUCKET

CONTRACT = contract_from({"features": [{"name": "visits", "kind": "integer", "missing": 0.5}]})
SCHEMA = pa.schema(
    {
        "lead_id": pa.string(),
        "created_at": pa.timestamp("us", tz="UTC"),
        "visits": pa.int64(),
        "lead_score": pa.int64(),
        "converted": pa.bool_(),
        "note": pa.string(),
    }
)
Row = dict[str, Any]


def lead(key: str, at: str | None, **change: Any) -> Row:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC) if at else None
    values: Row = {"visits": 3, "lead_score": 4, "converted": True, "note": "n"}
    return {"lead_id": key, "created_at": moment} | values | change


def table_of(rows: Sequence[Row]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def parquet_of(rows: Sequence[Row]) -> bytes:
    sink = BytesIO()
    pq.write_table(table_of(rows), sink)
    return sink.getvalue()


class World(ABC):
    """One place: `write` makes these its only rows, `add` puts rows beside those that are there."""

    ordered_by_itself = False

    @abstractmethod
    def write(self, rows: Sequence[Row]) -> None: ...

    @abstractmethod
    def add(self, rows: Sequence[Row]) -> None: ...

    @abstractmethod
    def source(self, contract: Contract = CONTRACT) -> LeadSource: ...


@dataclass
class Folder(World):
    folder: Path
    parts: int = 0
    ordered_by_itself = True

    def write(self, rows: Sequence[Row]) -> None:
        self.folder.mkdir(exist_ok=True)
        for path in self.folder.iterdir():
            path.unlink()
        self.parts = 0
        self.add(rows)

    def add(self, rows: Sequence[Row]) -> None:
        self.parts += 1
        (self.folder / f"{self.parts}.parquet").write_bytes(parquet_of(rows))

    def source(self, contract: Contract = CONTRACT) -> LeadSource:
        return local_source(str(self.folder), contract=contract)


@dataclass
class Prefix(World):
    account: Account
    key: str
    parts: int = 0
    ordered_by_itself = True

    def write(self, rows: Sequence[Row]) -> None:
        for number in range(self.parts):
            self.account.call("s3", "delete_object", Bucket=BUCKET, Key=f"{self.key}/{number + 1}.parquet")
        self.parts = 0
        self.add(rows)

    def add(self, rows: Sequence[Row]) -> None:
        self.parts += 1
        key, body = f"{self.key}/{self.parts}.parquet", parquet_of(rows)
        self.account.call("s3", "put_object", Bucket=BUCKET, Key=key, Body=body)

    def source(self, contract: Contract = CONTRACT) -> LeadSource:
        return s3_source(self.account, f"s3://{BUCKET}/{self.key}", contract=contract)


@dataclass
class Table(World):
    uri: str
    account: Account | None = None

    @property
    def options(self) -> dict[str, str]:
        return storage_options(self.account) if self.account else {}

    def write(self, rows: Sequence[Row]) -> None:
        deltalake.write_deltalake(self.uri, table_of(rows), mode="overwrite", storage_options=self.options)

    def add(self, rows: Sequence[Row]) -> None:
        deltalake.write_deltalake(self.uri, table_of(rows), mode="append", storage_options=self.options)

    def place(self, **which: Any) -> DeltaPlace:
        return DeltaPlace(self.uri, options=(lambda: self.options) if self.account else None, **which)

    def source(self, contract: Contract = CONTRACT) -> LeadSource:
        return DeltaSource(self.place(), contract=contract)


@dataclass
class Postgres(World):
    """A PostgreSQL database of the test's own; `scheme` opens it as that kind of database."""

    url: str
    scheme: str = "postgresql"
    query: str = "SELECT * FROM leads"
    columns: str = "lead_id text, created_at timestamptz, visits bigint, lead_score int, converted boolean, note text"
    engine: sa.Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        self.run(f"CREATE TABLE IF NOT EXISTS leads ({self.columns})")

    def run(self, statement: str, rows: Sequence[Row] = ()) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement), list(rows)) if rows else connection.execute(sa.text(statement))

    def write(self, rows: Sequence[Row]) -> None:
        self.run("TRUNCATE leads")
        self.add(rows)

    def add(self, rows: Sequence[Row]) -> None:
        if rows:
            self.run("INSERT INTO leads VALUES (:lead_id, :created_at, :visits, :lead_score, :converted, :note)", rows)

    def source(self, contract: Contract = CONTRACT) -> LeadSource:
        url = sa.make_url(self.url).set(drivername=self.scheme).render_as_string(hide_password=False)
        return SqlSource(url, self.query, contract=contract, batch_rows=2)


@dataclass
class Sqlite(World):
    path: Path

    def write(self, rows: Sequence[Row]) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute("DROP TABLE IF EXISTS leads")
            connection.execute("CREATE TABLE leads (lead_id, created_at, visits, lead_score, converted, note)")
        connection.close()
        self.add(rows)

    def add(self, rows: Sequence[Row]) -> None:
        with sqlite3.connect(self.path) as connection:
            shown = [row | {"created_at": row["created_at"] and row["created_at"].isoformat()} for row in rows]
            values = "(:lead_id, :created_at, :visits, :lead_score, :converted, :note)"
            connection.executemany(f"INSERT INTO leads VALUES {values}", shown)
        connection.close()

    def source(self, contract: Contract = CONTRACT) -> LeadSource:
        return SqlSource(f"sqlite:///{self.path}", "SELECT * FROM leads", contract=contract, batch_rows=2)


class OtherDialect(PGDialect_psycopg):
    """A database that is read as any other: nothing of PostgreSQL's own is used for it."""

    name = "other"
    supports_statement_cache = True


registry.register("other", __name__, OtherDialect.__name__)
