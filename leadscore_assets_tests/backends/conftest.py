"""A PostgreSQL server and an emulated bucket, each started once for the tests that want one."""

import shutil
from collections.abc import Iterator
from uuid import uuid4

import pytest
import sqlalchemy as sa

from leadscore_assets.backends.aws.account import Account
from leadscore_assets_tests.aws.conftest import BUCKET, REGION
from leadscore_assets_tests.aws.emulator import emulated
from leadscore_assets_tests.aws.strict import strict_session
from leadscore_assets_tests.backends.postgres import cluster


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not shutil.which("initdb"):
        pytest.skip("PostgreSQL's initdb is not on the path")
    with cluster(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture
def database(postgres_server: str) -> str:
    """A database of the test's own."""
    name = f"test_{uuid4().hex}"
    engine = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return sa.make_url(postgres_server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def emulated_account() -> Iterator[Account]:
    with emulated() as emulator:
        yield Account(region=REGION, endpoint_url=emulator.url, session=strict_session(REGION), attempts=2)


@pytest.fixture
def bucket(emulated_account: Account) -> Account:
    """An account with one bucket, in which each test keeps to a prefix of its own; every request is checked."""
    # Whoever empties the emulator in this process takes the bucket away; making it again changes nothing.
    emulated_account.call("s3", "create_bucket", Bucket=BUCKET)
    return emulated_account
