"""`python -m benchmarks.year [--weeks 52] [--json] [--docs docs]` (or `make year`): live the year and judge it."""

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
from benchmarks.year.living import live
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
    reader.add_argument("--weeks", type=int, default=WEEKS)
    reader.add_argument("--json", action="store_true", help="print the facts as JSON")
    reader.add_argument("--home", type=Path, help="keep the year's home below this new folder")
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.home or Path(scratch)
        folder.mkdir(exist_ok=True)
        year = lived(folder, weeks=asked.weeks)
    if asked.json:
        print(json.dumps(as_json(year), indent=1, default=str))
    sys.exit(0)


if __name__ == "__main__":
    main()
