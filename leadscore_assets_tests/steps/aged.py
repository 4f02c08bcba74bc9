"""A home of which most is past its retention, and how a cleaning of it is looked at."""

import os
import time
from dataclasses import replace
from pathlib import Path

from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.policy import policy_from
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.upkeep import Cleaning
from leadscore_assets_tests.home import POLICY, WEEKS, Home, leads, write_csv

LATER = tuple(WEEKS[-1] + WEEK * number for number in range(1, 9))
TINY = {
    **POLICY,
    "window": {**POLICY["window"], "days": 7, "maximum_days": 8},
    "promotion": {"history_weeks": 1},
    "drift": {**POLICY["drift"], "history_weeks": 4, "minimum_history": 4, "reference_weeks": 1},
    "retention": {"leads_days": 30, "reports_days": 30, "candidates_days": 2, "training_days": 1, "versions": 2},
}


def come_of_age(home: Home) -> Home:
    """Give a home eight more weeks of leads and what is left behind here and there, all of it 40 days old."""
    for week in LATER:
        write_csv(home.data / f"{week}.csv", leads(week))
        ingest_week(home.platform(), week)
    litter(home)
    grow_old(home.path, days=40)
    return home


def litter(home: Home) -> None:
    """Leave behind what cut-short writes and repairs leave."""
    lake = home.path / "lake"
    (lake / f"leads/week={WEEKS[-1]}" / f".{'0' * 32}.tmp").write_bytes(b"half")
    (lake / f"leads/week={WEEKS[-1]}/day={WEEKS[-1]}/part-{'0' * 16}.parquet").write_bytes(b"named by nothing")
    (lake / "somebody").mkdir()
    (lake / "somebody" / "elses.txt").write_text("not ours")
    (home.path / "bundles" / f".{'0' * 32}.damaged").mkdir()
    (home.path / "bundles" / f".{'0' * 32}.damaged" / "model.ubj").write_bytes(b"rotten")
    attempt = home.path / "training" / "leadscore-x" / "attempt-x"
    attempt.mkdir(parents=True)
    (attempt / "pid").write_text("1 1")
    capture = home.path / "endpoint" / "capture" / "leadscore" / "primary" / "2025" / "01" / "01" / "00"
    capture.mkdir(parents=True)
    (capture / "old.jsonl").write_text("{}\n")


def grow_old(folder: Path, *, days: float) -> None:
    moment = time.time() - days * 86_400
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (moment, moment), follow_symlinks=False)


def tiny(home: Home, **retention: int) -> Platform:
    """The home's platform under tiny bounds."""
    policy = policy_from({**TINY, "retention": {**TINY["retention"], **retention}})
    return replace(home.platform(), policy=policy)


def stored(home: Home) -> set[str]:
    """Every file of the stores, by its path."""
    folders = [home.path / name for name in ("lake", "bundles", "training", "endpoint/capture")]
    found = {path for folder in folders for path in folder.rglob("*") if path.is_file() and ".locks" not in path.parts}
    return {path.relative_to(home.path).as_posix() for path in found}


def kinds(found: Cleaning) -> dict[str, int]:
    return {group.kind: group.things for group in found.groups}
