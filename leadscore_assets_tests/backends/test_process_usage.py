"""What processes of this machine take."""

import os
import subprocess
import sys

from leadscore_assets.backends.process_usage import usage_of
from leadscore_assets.jobs.usage import own_usage


def test_a_process_and_its_children_are_added_up():
    alone = usage_of(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        both = usage_of(os.getpid())
        assert both.processes == alone.processes + 1
        assert both.megabytes > alone.megabytes
    finally:
        child.communicate(b"\n", timeout=30)
    assert usage_of(child.pid) is None
    assert usage_of(None) is None


def test_a_program_tells_its_own_peak_and_not_that_of_what_started_it():
    ballast = bytearray(120 << 20)
    program = "from leadscore_assets.jobs.usage import own_usage; import json; print(json.dumps(own_usage()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert '"peak_megabytes"' in done.stdout
    mine = own_usage()
    assert len(ballast) == 120 << 20
    if sys.platform == "linux":
        assert float(done.stdout.rpartition(":")[2].strip(" }\n")) < mine["peak_megabytes"]
    assert mine["cpu_seconds"] > 0
