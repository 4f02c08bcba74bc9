"""`python -m benchmarks.year [--json] [--docs docs] [--home folder]` (or `make year`): live the year and judge it."""

import argparse
import json
import logging
import sys
import tempfile
import time
from datetime import UTC, datetime
from datetime import time as clock_time
from pathlib import Path

from benchmarks.year.clock import held
from benchmarks.year.daemon import running
from benchmarks.year.facts import Year, as_json, gathered
from benchmarks.year.judgement import judged
from benchmarks.year.living import live
from benchmarks.year.page import PICTURE, as_text, document
from benchmarks.year.pictures import draw
from benchmarks.year.site import prepared
from benchmarks.year.story import START, WEEKS


def lived(folder: Path, *, weeks: int = WEEKS) -> Year:
    """Live a year in a folder and return what the platform did in it."""
    began = time.perf_counter()
    moment = datetime.combine(START, clock_time(0), UTC)
    with held(moment, folder) as clock, prepared(folder) as site, running(site.home) as daemon:
        logging.getLogger("dagster").setLevel(logging.ERROR)
        live(site, daemon, clock, weeks=weeks)
        return gathered(site, daemon.instance, weeks=weeks, seconds=time.perf_counter() - began)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--weeks", type=int, default=WEEKS, help="end the year after so many")
    reader.add_argument("--json", action="store_true", help="print the facts as JSON")
    reader.add_argument("--home", type=Path, help="keep the year's home below this new folder")
    reader.add_argument("--docs", type=Path, help="folder where year.md and its picture are written")
    asked = reader.parse_args()
    # In memory where the machine has such a folder: Dagster writes every event to disk at once.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as scratch:
        folder = asked.home or Path(scratch)
        folder.mkdir(exist_ok=True)
        year = lived(folder, weeks=asked.weeks)
    findings = judged(year)
    if asked.json:
        found = [{"name": item.name, "holds": item.holds, "told": item.told} for item in findings]
        print(json.dumps({"findings": found, **as_json(year)}, indent=1, default=str))
    else:
        print(as_text(findings))
    if asked.docs:
        draw(asked.docs / PICTURE, year)
        (asked.docs / "year.md").write_text(document(year, findings))
    sys.exit(0 if all(item.holds for item in findings) else 1)


if __name__ == "__main__":
    main()
