"""`leadscore report` and `leadscore metrics` on a home with a champion."""

import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from leadscore_assets.commands.metrics import metrics_server
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.notices import Notice
from leadscore_assets.domain.platform_metrics import GAUGES, metrics_text
from leadscore_assets.steps.delivering import deliveries
from leadscore_assets.steps.notifying import announce
from leadscore_assets_tests.home import WEEKS, Home, free_port


def test_a_weeks_page_is_made_named_and_shown_by_status(copy: Callable[[Home], Home], champion: Home) -> None:
    home = copy(champion)
    told = home.cli("report", "--week", f"{WEEKS[3]}").out
    page = home.path / "lake" / "reports" / f"week={WEEKS[3]}" / "weekly.html"
    assert f"Page: {page}" in told
    assert f"All weeks: {home.path / 'lake' / 'reports' / 'index.html'}" in told
    assert home.cli("report", "--week", f"{WEEKS[3]}", "--json").json["week"] == f"{WEEKS[3]}"
    assert home.cli("status", "--json").json["report"] == f"{page}"
    platform = home.platform()
    announce(platform, Notice("alarm", "one", "that is urgent", platform.now(), "k"))
    waiting = len(deliveries(platform, limit=99, open_only=True))
    assert waiting
    text = home.cli("metrics").out
    for name in GAUGES:
        assert f"# TYPE {name} gauge" in text
    assert 'leadscore_job_last_success_timestamp_seconds{job="report_job"}' in text
    assert re.search(r"^leadscore_champion_version 1$", text, re.MULTILINE)
    assert re.search(r"^leadscore_ledger_sound 1$", text, re.MULTILINE)
    assert re.search(rf"^leadscore_notices_pending {waiting}$", text, re.MULTILINE)
    assert re.search(r"^leadscore_training_peak_memory_bytes \d", text, re.MULTILINE)
    # A person stopped the endpoint: that it does not answer is no alarm.
    assert not re.search(r"^leadscore_endpoint_up \d", text, re.MULTILINE)
    file = home.path / "numbers.prom"
    home.cli("metrics", "--write", f"{file}")
    assert "leadscore_champion_version 1\n" in file.read_text()
    assert file.stat().st_mode & 0o044 == 0o044


def test_the_numbers_are_served_on_loopback_and_a_broken_home_is_told() -> None:
    answers = iter(["leadscore_champion_version 1\n", InvalidInput("the ledger is gone; restore it")])

    def read() -> str:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    port = free_port()
    server = metrics_server(port, read)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            assert answer.read() == b"leadscore_champion_version 1\n"
        for path, status in (("/metrics", 503), ("/", 404)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                opener.open(f"http://127.0.0.1:{port}{path}", timeout=10)
            assert refused.value.code == status
            refused.value.close()
        with pytest.raises(InvalidInput, match="name another with --serve"):
            metrics_server(port, read)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_a_number_that_nobody_declared_is_refused() -> None:
    with pytest.raises(KeyError, match="add it to GAUGES"):
        metrics_text({"leadscore_new": [({}, 1.0)]})
