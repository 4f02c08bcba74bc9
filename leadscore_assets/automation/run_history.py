"""Dagster's finished runs as a store that retention cleans: a run and its events are one thing."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from leadscore_assets.domain.facts import StoredFile

if TYPE_CHECKING:
    from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

_AT_ONCE = 200
_RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class RunHistory:
    """The finished runs of an instance, oldest first, but for those that show what exists.

    A run stays while it holds the newest materialization of an asset or of one of its weeks from `first` on: without
    it the UI would take that week for one that was never made.
    """

    def __init__(self, instance: dg.DagsterInstance, *, first: date) -> None:
        self._instance = instance
        self._first = first

    def files(self, under: str = "") -> Iterator[StoredFile]:
        """Yield runs by their id, with when they ended and what their events take on this disk.

        Events whose run was deleted already, by whatever was cut short, are listed too.
        """
        shown = self._shown()
        for run_id, ended in (*self._ended(), *self._forgotten()):
            if run_id not in shown and run_id.startswith(under):
                yield StoredFile(run_id, sum(path.stat().st_size for path in self._on_disk(run_id)), ended)

    def remove(self, path: str) -> None:
        """Delete a run with its events; deleting what is not there is deleting nothing."""
        if self._instance.has_run(path):
            self._instance.delete_run(path)
        for file in self._on_disk(path):
            file.unlink(missing_ok=True)

    def _ended(self) -> Iterator[tuple[str, datetime]]:
        cursor = None
        while True:
            filters = dg.RunsFilter(statuses=FINISHED_STATUSES)
            found = self._instance.get_run_records(filters=filters, limit=_AT_ONCE, cursor=cursor, ascending=True)
            for record in found:
                yield record.dagster_run.run_id, _ended_at(record)
            if len(found) < _AT_ONCE:
                return
            cursor = found[-1].dagster_run.run_id

    def _forgotten(self) -> Iterator[tuple[str, datetime]]:
        storage = self._sqlite()
        held = storage.get_all_run_ids() if storage else ()
        for run_id in held:
            files = [] if self._instance.has_run(run_id) else self._on_disk(run_id)
            if files:
                yield run_id, datetime.fromtimestamp(max(file.stat().st_mtime for file in files), UTC)

    def _on_disk(self, run_id: str) -> list[Path]:
        """Return the files that SQLite keeps a run's events in; Dagster empties them and leaves them behind."""
        storage = self._sqlite() if _RUN_ID.fullmatch(run_id) else None
        if storage is None:
            return []
        file = Path(storage.path_for_shard(run_id))
        return [path for path in (file, *(Path(f"{file}-{end}") for end in ("wal", "shm"))) if path.is_file()]

    def _sqlite(self) -> "SqliteEventLogStorage | None":
        """Return the storage of events where that is files of SQLite."""
        from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

        storage = self._instance.event_log_storage
        return storage if isinstance(storage, SqliteEventLogStorage) else None

    def _shown(self) -> set[str]:
        """Return the runs whose materialization is the newest of an asset's week, or of an asset without weeks."""
        storage, kind = self._instance.event_log_storage, dg.DagsterEventType.ASSET_MATERIALIZATION
        found: set[str] = set()
        for key in self._instance.get_asset_keys():
            newest = storage.get_latest_storage_id_by_partition(key, kind)
            last = self._instance.fetch_materializations(key, limit=1).records
            wanted = [number for week, number in newest.items() if self._is_kept(week)]
            found |= {record.run_id for record in (*last, *self._records(key, wanted))}
        return found

    def _records(self, key: dg.AssetKey, numbers: list[int]) -> Iterator[dg.EventLogRecord]:
        for start in range(0, len(numbers), _AT_ONCE):
            some = numbers[start : start + _AT_ONCE]
            filters = dg.AssetRecordsFilter(asset_key=key, storage_ids=some)
            yield from self._instance.fetch_materializations(filters, limit=len(some)).records

    def _is_kept(self, week: str) -> bool:
        try:
            return date.fromisoformat(week) >= self._first
        except ValueError:
            return True


def _ended_at(record: dg.RunRecord) -> datetime:
    # Storage gives times in UTC, with or without saying so.
    last = record.update_timestamp.replace(tzinfo=UTC)
    return datetime.fromtimestamp(record.end_time, UTC) if record.end_time else last
