"""Homes that are made once a test session, whichever process asks first, and copied by each test that changes one."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import hypothesis
import pytest
from filelock import FileLock

from leadscore_assets_tests.home import FIRST, NEW, OLD, SECOND, WEEKS, Home, live_through, made_home

if TYPE_CHECKING:
    from leadscore_assets.backends.aws.account import Account
    from leadscore_assets_tests.aws.emulator import Emulator

# A slow machine is not a failing property.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

Stage = Callable[[Path], Home]

# Simulations: what they run is covered by other tests, and tracing it again would take several times as long.
SIMULATED = (
    "backends/test_registry_processes.py",
    "domain/test_drift_rates.py",
    "domain/test_live_history.py",
    "domain/test_release_analysis.py",
    "domain/test_rollout.py",
    "domain/test_rollout_machine.py",
    "serving/test_hostile.py",
)
# Those that take minutes begin first, so that no process is left alone with one at the end.
LONGEST = ("test_year.py", "test_killed.py", "browser/", "aws/test_weekly_loop.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take tests that run long out of the measurement of coverage, where there is one, and begin with the longest."""
    for item in items if config.getoption("cov_source") else ():
        if _lies_in(item, SIMULATED):
            item.add_marker(pytest.mark.no_cover)
    items.sort(key=lambda item: not _lies_in(item, LONGEST))


def _lies_in(item: pytest.Item, places: tuple[str, ...]) -> bool:
    return item.nodeid.removeprefix("leadscore_assets_tests/").startswith(places)


@pytest.fixture(autouse=True)
def _no_instance_left_behind() -> None:
    # Dagster keeps the store of the last instance, also of a closed one, for whoever loads definitions next.
    kept = sys.modules.get("dagster._core.storage.defs_state.base")
    if kept:
        kept._current_storage.set(None)


@pytest.fixture(autouse=True)
def _untraced_children(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("no_cover"):
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        monkeypatch.delenv("COVERAGE_PROCESS_START", raising=False)


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[str, Stage], Home]:
    """Make a named home once for all processes of the session."""
    base = tmp_path_factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "homes"
    root.mkdir(exist_ok=True)

    def stage(name: str, make: Stage) -> Home:
        place, done = root / name, root / f"{name}.done"
        with FileLock(root / f"{name}.making"):
            if not done.exists():
                make(place)
                done.touch()
        return Home(place)

    return stage


@pytest.fixture(scope="session")
def ingested(stages: Callable[[str, Stage], Home]) -> Home:
    """Seven weeks in the lake; nothing is trained."""

    def make(place: Path) -> Home:
        home = made_home(place)
        home.cli("ingest")
        return home

    return stages("ingested", make)


@pytest.fixture(scope="session")
def champion(stages: Callable[[str, Stage], Home], ingested: Home) -> Home:
    """Version 1, of an old week, in production; the endpoint is stopped."""

    def make(place: Path) -> Home:
        home = ingested.copied(place)
        home.cli("retrain", "--week", f"{OLD}")
        home.cli("endpoint", "stop")
        return home

    return stages("champion", make)


@pytest.fixture(scope="session")
def judged(stages: Callable[[str, Stage], Home], champion: Home) -> Home:
    """Version 1 in production, and a better candidate of a newer week that is trained and judged but not registered."""

    def make(place: Path) -> Home:
        home = champion.copied(place)
        home.cli("backfill", "--from", f"{NEW}", "--to", f"{NEW}")
        return home

    return stages("judged", make)


@pytest.fixture(scope="session")
def released(stages: Callable[[str, Stage], Home], judged: Home) -> Home:
    """Two versions, the newer in production; the endpoint is stopped."""

    def make(place: Path) -> Home:
        home = judged.copied(place)
        home.cli("retrain", "--week", f"{NEW}")
        home.cli("endpoint", "stop")
        return home

    return stages("released", make)


@pytest.fixture(scope="session")
def asking_roles(stages: Callable[[str, Stage], Home], champion: Home) -> Home:
    """Version 1 answers; a better one is judged under a policy that asks two roles, a day ahead; `eve` launched it."""

    def make(place: Path) -> Home:
        home = champion.copied(place)
        policy = home.path / "policy.toml"
        policy.write_text(
            policy.read_text().replace("[approval]", '[approval]\npreset = "both_roles"\nexpires_hours = 72.0', 1)
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LEADSCORE_USER", "eve")
            home.cli("backfill", "--from", f"{NEW}", "--to", f"{NEW}")
        return home

    return stages("asking_roles", make)


@pytest.fixture(scope="session")
def lived(stages: Callable[[str, Stage], Home], ingested: Home) -> Home:
    """Six weeks decided one after the other, as the weekly loop does; the endpoint never ran."""

    def make(place: Path) -> Home:
        home = ingested.copied(place)
        live_through(home.platform(), WEEKS[1:])
        return home

    return stages("lived", make)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, released: Home) -> Iterator[Home]:
    """Two versions, the newer in production and served; to be looked at, not changed."""
    home = released.copied(tmp_path_factory.mktemp("live") / "home")
    home.cli("endpoint", "start")
    yield home
    end_server(home)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home of the test's own with a CSV file a week; nothing is ingested."""
    made = made_home(tmp_path / "home")
    yield made
    end_server(made)


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Callable[[Home], Home]]:
    """Copy a shared home; the copy's server is ended after the test."""
    made: list[Home] = []

    def make(home: Home) -> Home:
        made.append(home.copied(tmp_path / f"home{len(made)}"))
        return made[-1]

    yield make
    for item in made:
        end_server(item)


@pytest.fixture
def small(copy: Callable[[Home], Home], stages: Callable[[str, Stage], Home]) -> Home:
    """A home of the test's own with two weeks of files, the first of them in the lake."""

    def make(place: Path) -> Home:
        home = made_home(place, weeks=(FIRST, SECOND))
        home.cli("ingest", "--week", f"{FIRST}")
        return home

    return copy(stages("small", make))


def end_server(home: Home) -> None:
    if (home.path / "endpoint" / "server.json").exists():
        home.platform().endpoint.stop()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server of this process."""
    from leadscore_assets_tests.backends.postgres import cluster

    pytest.importorskip("psycopg", reason="the PostgreSQL driver psycopg is not installed")
    if not shutil.which("initdb"):
        pytest.skip("PostgreSQL's initdb is not on the path")
    with cluster(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture
def database(postgres_server: str) -> str:
    """The URL of a database of the test's own."""
    import sqlalchemy as sa

    name = f"test_{uuid4().hex}"
    engine = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return sa.make_url(postgres_server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def server() -> "Iterator[Emulator]":
    """The one AWS of this process: moto keeps its state in modules, so a second one would be the first again."""
    from leadscore_assets_tests.aws.emulator import emulated

    with emulated() as found:
        yield found


@pytest.fixture(scope="session")
def emulated_account(server: "Emulator") -> "Account":
    """An account on an AWS that runs on this machine, whose every request is checked."""
    from leadscore_assets.backends.aws.account import Account
    from leadscore_assets_tests.aws.conftest import REGION
    from leadscore_assets_tests.aws.strict import strict_session

    return Account(region=REGION, endpoint_url=server.url, session=strict_session(REGION), attempts=2)


@pytest.fixture
def bucket(emulated_account: "Account") -> "Account":
    """The account with one bucket, in which each test keeps to a prefix of its own."""
    from leadscore_assets_tests.aws.conftest import BUCKET

    # Whoever empties the emulator in this process takes the bucket away; making it again changes nothing.
    emulated_account.call("s3", "create_bucket", Bucket=BUCKET)
    return emulated_account


@pytest.fixture
def aws_chain(bucket: "Account", monkeypatch: pytest.MonkeyPatch) -> "Account":
    """The account as boto3's own chain finds it, which is how a command reaches it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(bucket.endpoint_url))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", bucket.region)
    return bucket
