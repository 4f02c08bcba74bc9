"""The peak by `wrk`, an HTTP client in C that costs little beside the server; other clients are in http_load.py."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.http_load import Client

_SCRIPT = """
local file, requests = io.open("{path}", "rb"), {{}}
for _, size in ipairs({{{sizes}}}) do requests[#requests + 1] = file:read(size) end
local sent = 0
request = function() sent = sent + 1; return requests[sent % #requests + 1] end
done = function(all)
  local broken = all.errors.read + all.errors.write + all.errors.connect + all.errors.timeout
  io.write(string.format("found %d %d %d %d\\n", all.requests, all.duration, all.errors.status, broken))
end
"""


def client_name() -> str:
    """Which client drives the peak on this machine."""
    return "wrk" if shutil.which("wrk") else "the Python client"


def peak(port: int, requests: Sequence[bytes], *, seconds: float, connections: int) -> tuple[int, float]:
    """Keep connections busy for a time; return answers and seconds, and fail on any other answer than 200."""
    if not shutil.which("wrk"):
        client = Client(port, requests, connections=connections)
        load = client.peak(seconds)
        client.close()
        assert set(load.statuses) <= {200}, load.statuses
        return len(load.latencies), load.seconds
    with tempfile.TemporaryDirectory() as folder:
        path, script = Path(folder) / "requests", Path(folder) / "script.lua"
        path.write_bytes(b"".join(requests))
        script.write_text(_SCRIPT.format(path=path, sizes=", ".join(str(len(request)) for request in requests)))
        program = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(script)]
        told = subprocess.run([*program, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True)
    line = next(line for line in told.stdout.splitlines() if line.startswith("found"))
    answers, microseconds, refused, broken = (int(part) for part in line.split()[1:])
    assert not refused, f"{refused} requests were refused, {broken} broken"
    return answers, microseconds / 1e6
