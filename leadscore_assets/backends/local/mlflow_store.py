"""MLflow's database in a folder: made once, opened quietly, locked between processes, its errors in our words."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leadscore_assets.backends.atomic import make_folder, storage_errors, write_atomically
from leadscore_assets.domain.errors import PermanentError, TransientError

DATABASE = "mlflow.db"
_LOCK_SECONDS = 60


def opened(folder: Path, *, experiment: str, name: str) -> Any:
    """Return an MlflowClient on the folder's database, made with its experiment and its registered model if absent."""
    client_class = _quiet_client()
    database = (folder / DATABASE).absolute()
    address = f"sqlite:///{database}"
    with lock(folder), errors(folder):
        new = _start_over_if_half_made(database)
        client = client_class(tracking_uri=address, registry_uri=address)
        if client.get_experiment_by_name(experiment) is None:
            client.create_experiment(experiment, artifact_location=(folder / "mlartifacts").absolute().as_uri())
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        if new:
            _mark(database).unlink()
    return client


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold the folder's lock between processes; raise TransientError when it stays taken."""
    from filelock import FileLock, Timeout

    path = folder / "mlflow.lock"
    with storage_errors(path):
        make_folder(folder)
        held = FileLock(path, timeout=_LOCK_SECONDS)
        try:
            held.acquire()
        except Timeout:
            remedy = "wait for the run that registers or promotes, or cancel it, then try again"
            raise TransientError(f"the registry's lock {path} was taken for {_LOCK_SECONDS} s; {remedy}") from None
    try:
        yield
    finally:
        held.release()


@contextmanager
def errors(folder: Path) -> Iterator[None]:
    """Turn MLflow's exceptions into one sentence: a busy database may be tried again, anything else may not."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        text = " ".join(str(error).split())[:300]
        if "locked" in text or "busy" in text:
            raise TransientError(f"the registry in {folder} is busy ({text}); try again") from error
        raise PermanentError(
            f"the registry in {folder} refuses: {text}; check its folder and MLflow's version"
        ) from error


def _quiet_client() -> Any:
    # MLflow reads this switch once, while it is imported, and offers no argument in its place.
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    logging.getLogger("mlflow.store.db").setLevel(logging.WARNING)
    from mlflow import MlflowClient
    from mlflow.telemetry import set_telemetry_client

    # For a process that had imported MLflow before: look at the switch again.
    set_telemetry_client()
    return MlflowClient


def _start_over_if_half_made(database: Path) -> bool:
    """Say whether the database is new; one whose making was cut short is removed, for MLflow cannot resume it."""
    mark = _mark(database)
    if mark.exists():
        for path in database.parent.glob(f"{database.name}*"):
            path.unlink()
    new = not database.exists()
    if new:
        write_atomically(mark, b"")
    return new


def _mark(database: Path) -> Path:
    return database.with_name("unfinished-mlflow")
