"""Runs whose process is gone: found, marked as failed, and their places in pools given free.

Dagster's launcher of local processes cannot tell whether a run's process lives, so a killed one would look as if it
were running for ever. Where another launcher started a run, that one is asked by Dagster itself.
"""

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
import psutil
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.storage.dagster_run import FINISHED_STATUSES

PROCESS_TAG = "leadscore/process"
_SERVER_TAG = ".dagster/grpc_info"
_HERE = ("localhost", "127.0.0.1", "::1")
_AT_WORK = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]
# A process is created a moment before it says so.
_SLACK_SECONDS = 2.0


@dataclass(frozen=True)
class RunProcess:
    """The process that a run told of: its id and when it was created, exactly or at the latest (epoch seconds)."""

    pid: int
    created: float
    exactly: bool

    @property
    def alive(self) -> bool:
        """Whether it still runs; a younger process of the same id is another one."""
        try:
            found = float(psutil.Process(self.pid).create_time())
        except psutil.Error:
            return False
        late = found - self.created
        return abs(late) < _SLACK_SECONDS if self.exactly else late < _SLACK_SECONDS


def this_process() -> str:
    """Return this process as a run's tag tells of it: id, when it was created, and on which machine."""
    return f"{os.getpid()}:{psutil.Process().create_time():.0f}:{socket.gethostname()}"


def stale_runs(instance: dg.DagsterInstance, *, beside_the_code: bool = False) -> list[dg.DagsterRun]:
    """Return the runs that are marked as at work though their process is gone.

    A run is judged on the machine that it runs on; `beside_the_code` says that this is where the code location is.
    """
    runs = instance.get_runs(filters=dg.RunsFilter(statuses=_AT_WORK))
    found = [(run, _process_of(instance, run, beside_the_code=beside_the_code)) for run in runs]
    return [run for run, process in found if process and not process.alive]


def end_stale_runs(instance: dg.DagsterInstance, *, beside_the_code: bool = False) -> list[dg.DagsterRun]:
    """Mark stale runs as failed, give their places free, and those of other ended runs; return what was marked."""
    stale = stale_runs(instance, beside_the_code=beside_the_code)
    for run in stale:
        instance.report_run_failed(run, "the process of this run was killed; launch the same run again")
        _free(instance, [run.run_id])
    _free(instance, _ended_with_places(instance))
    return stale


def _process_of(instance: dg.DagsterInstance, run: dg.DagsterRun, *, beside_the_code: bool) -> RunProcess | None:
    """Return the process that a run told of; None where that cannot be judged here."""
    if PROCESS_TAG in run.tags:
        return _tagged(run.tags[PROCESS_TAG])
    server = json.loads(run.tags.get(_SERVER_TAG, "{}"))
    here = beside_the_code or server.get("host") in _HERE
    return _told(instance, run) if here and isinstance(instance.run_launcher, DefaultRunLauncher) else None


def _tagged(tag: str) -> RunProcess | None:
    pid, created, host = (*tag.split(":", 2), "", "")[:3]
    if host not in ("", socket.gethostname()):
        return None
    try:
        return RunProcess(int(pid), float(created), exactly=True)
    except ValueError:
        return None


def _told(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunProcess | None:
    """Return the process of a run's last event that names one."""
    for entry in reversed(instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)):
        data = entry.dagster_event.event_specific_data if entry.dagster_event else None
        pid = getattr(data, "metadata", {}).get("pid")
        if pid is not None and str(pid.value).isdigit():
            return RunProcess(int(pid.value), entry.timestamp, exactly=False)
    return None


def _ended_with_places(instance: dg.DagsterInstance) -> list[str]:
    """Return ended runs that hold places in pools for longer than Dagster's own settings give them."""
    held = _holders(instance)
    seconds = instance.run_monitoring_settings.get("free_slots_after_run_end_seconds") or 0
    if not held:
        return []
    before = datetime.now(UTC) - timedelta(seconds=seconds)
    filters = dg.RunsFilter(run_ids=held, statuses=FINISHED_STATUSES, updated_before=before)
    return [run.run_id for run in instance.get_runs(filters=filters)]


def _holders(instance: dg.DagsterInstance) -> list[str]:
    storage = instance.event_log_storage
    return sorted(storage.get_concurrency_run_ids()) if storage.supports_global_concurrency_limits else []


def _free(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> None:
    if instance.event_log_storage.supports_global_concurrency_limits:
        for run_id in run_ids:
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)
