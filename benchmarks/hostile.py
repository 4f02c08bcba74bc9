"""Thousands of hostile bodies against a real server: only 4xx or a score of the range, and memory that stays flat.

Run it with `python -m benchmarks.hostile [count]`; it fails when a promise does not hold.
"""

import http.client
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import psutil

from leadscore_assets.backends.local.endpoint import LocalEndpoint
from leadscore_assets.domain.facts import Variant
from leadscore_assets.serving.desired import CaptureRules
from leadscore_assets_tests.home import free_port
from leadscore_assets_tests.serving.bundles import records, trained
from leadscore_assets_tests.serving.hostile import hostile, large

WARM = 300
GROWTH = 1.25


def main(count: int) -> Counter[int]:
    """Send so many bodies and return the answers' statuses."""
    draw, leads = random.Random(7), records(200)
    with tempfile.TemporaryDirectory() as folder:
        bundles, digests = trained(Path(folder))
        place = {"folder": Path(folder) / "endpoint", "host": "127.0.0.1", "port": free_port(), "name": "leadscore"}
        endpoint = LocalEndpoint(bundles=bundles, capture=CaptureRules(percent=100), **place)
        status = endpoint.deploy([Variant("champion", digests[0], 1)], shadow=Variant("shadow", digests[1], 2))
        try:
            server = psutil.Process(status.pid)
            port = int(status.address.rsplit(":", 1)[1])
            for _ in range(WARM):
                sent(port, *large(draw.choice(leads), draw))
            warm = memory(server)
            found = Counter(sent(port, *hostile(draw.choice(leads), draw)) for _ in range(count))
            size = memory(server)
            assert sent(port, json.dumps(leads[0]).encode(), "application/json") == 200
            assert len(server.children()) == 3
            assert size < warm * GROWTH, (warm, size)
        finally:
            endpoint.stop()
    print(
        f"{count:,} hostile bodies: {dict(sorted(found.items()))}; memory of workers and shadow {warm / 2**20:.1f} MB "
        f"after {WARM} of the largest, {size / 2**20:.1f} MB at the end"
    )
    return found


def memory(server: psutil.Process) -> int:
    """Return the bytes that a server's processes have for themselves: what they share moves with their neighbours."""
    return sum(child.memory_full_info().uss for child in server.children())


def sent(port: int, body: bytes, content_type: str) -> int:
    """Send a body on a connection of its own and see that the answer is one of those promised."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/invocations", body, {"content-type": content_type})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    if response.status == 200:
        assert all(1 <= item["score"] <= 5 for item in answer["predictions"]), answer
    else:
        assert 400 <= response.status < 500, (response.status, content_type, body[:200])
    return response.status


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
