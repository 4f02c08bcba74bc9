import re
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.domain.serving_counts import Agreement, ServingCounts, VariantCounts
from leadscore_assets.serving.app import ScoringApp
from leadscore_assets.serving.desired import Release
from leadscore_assets.serving.models import Live
from leadscore_assets.serving.reports import SHADOW, Reports
from leadscore_assets.serving.station import Station
from leadscore_assets.serving.status import Counts, WorkerReport
from leadscore_assets_tests.serving.asgi import INVOKE, call
from leadscore_assets_tests.serving.bundles import CONTRACT, records
from leadscore_assets_tests.serving.conftest import TwoBundles

LEADS = records(5)
_SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\n]*",?)*)\})? ([-+0-9.eE]+|NaN|\+Inf)')


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Parse Prometheus' text, every line of it, and see that each family is described before its samples."""
    found, described = {}, set()
    for line in text.splitlines():
        if line.startswith("#"):
            assert re.fullmatch(r"# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram))", line)
            described.add(line.split()[2])
            continue
        match = _SAMPLE.fullmatch(line)
        assert match, line
        name, labels, value = match.groups()
        assert {name, re.sub("_(bucket|sum|count)$", "", name)} & described
        key = (name, frozenset(re.findall(r'([a-z]+)="([^"]*)"', labels or "")))
        assert key not in found
        found[key] = float(value)
    return found


def value(found: Any, name: str, **labels: str) -> float:
    values = [number for (sample, having), number in found.items() if sample == name and labels.items() <= set(having)]
    assert len(values) == 1, (name, labels, values)
    return float(values[0])


@pytest.fixture
def among(live: Live, tmp_path: Path) -> Any:
    """An application whose server has another worker, an ended one and a shadow."""
    reports = Reports(tmp_path / "workers")
    reports.prepare()
    assert live.serving
    (model,) = live.serving.models
    station = Station(live, slot="0", reports=reports)
    station.turn(live.serving)
    theirs = ServingCounts("1", (VariantCounts("champion", model.placed.digest, 3, requests=10, errors=2, invalid=1),))
    shadowed = ServingCounts("1", agreement=Agreement(pairs=7, lag_seconds=0.5, failed=2))
    release = live.serving.release
    for slot, pid, counts in (
        ("1", station.server, theirs),
        ("2", 2**22 + 1, theirs),
        (SHADOW, station.server, shadowed),
    ):
        reports.write(WorkerReport(slot, station.server, pid, release, requests=Counts(served=8), counts=counts))
    app = ScoringApp(name="leadscore", instance="here", live=live, station=station)
    yield app
    app.close()


def test_metrics_are_summed_over_the_processes(among: ScoringApp) -> None:
    for lead in LEADS:
        call(among, "/invocations", lead)
    call(among, "/invocations", b"{")
    got = call(among, "/metrics", method="GET")
    assert got.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(got.body.decode())
    assert value(found, "leadscore_workers") == 2
    assert value(found, "leadscore_generation") == 1
    assert value(found, "leadscore_requests_total", variant="champion") == 25
    kinds = {kind: value(found, "leadscore_errors_total", **{"class": kind}) for kind in CLASSES}
    assert kinds == {"invalid_output": 2, "internal": 2, "client": 1}
    assert value(found, "leadscore_http_requests_total", outcome="served") == 29
    assert value(found, "leadscore_variant_weight", variant="champion") == 1
    assert value(found, "leadscore_model_version", variant="champion") == 3
    assert value(found, "leadscore_shadow_pairs_total") == 7
    assert value(found, "leadscore_shadow_lag_seconds") == 0.5
    assert value(found, "leadscore_latency_seconds_count") == 5
    buckets = [(dict(labels)["le"], number) for (name, labels), number in found.items() if name.endswith("_bucket")]
    ordered = [number for _, number in sorted(buckets, key=lambda item: float(item[0].replace("+Inf", "inf")))]
    assert ordered == sorted(ordered)
    assert ordered[-1] == 5


CLASSES = ("invalid_output", "internal", "client")


def test_counts_and_status_speak_for_the_whole_server(among: ScoringApp) -> None:
    call(among, "/invocations", LEADS[0])
    counts = ServingCounts.from_json(call(among, "/counts", method="GET").json)
    champion = counts.of("champion")
    assert champion
    assert (counts.configuration, champion.requests, counts.agreement.pairs) == ("1", 21, 7)
    status = call(among, "/status", method="GET").json
    assert [worker["slot"] for worker in status["workers"]] == ["0", "1", SHADOW]
    assert status["requests"]["served"] == 25
    assert status["workers"][0]["engines"] == {"champion": "walker"}


def test_the_server_serves_what_its_slowest_worker_serves_and_tells_its_error(among: ScoringApp, live: Live) -> None:
    station = among.station
    assert station.reports
    station.reports.write(WorkerReport("1", station.server, station.server, Release(), "a bundle is broken", 1))
    status = call(among, "/status", method="GET").json
    assert (status["generation"], status["variants"]) == (0, [])
    assert (status["error"], status["error_generation"]) == ("a bundle is broken", 1)


def test_the_description_is_that_of_the_contract(app: ScoringApp) -> None:
    told = call(app, "/openapi.json", method="GET").json
    assert told["openapi"].startswith("3.1")
    assert set(told["paths"]) == {
        "/invocations",
        INVOKE,
        "/ping",
        "/status",
        "/counts",
        "/metrics",
        "/",
        "/live.json",
        "/rollback",
        "/openapi.json",
    }
    lead = told["components"]["schemas"]["Lead"]
    assert set(lead["properties"]) == {"lead_id", "created_at", *CONTRACT.names}
    assert lead["required"] == ["created_at", "employees", "opened_mail", "industry", "country"]
    assert lead["additionalProperties"] is False
    assert lead["properties"]["industry"]["enum"] == ["software", "retail", "health"]
    assert lead["properties"]["employees"] == {"type": "integer", "minimum": 1, "maximum": 1_000_000}
    assert lead["properties"]["revenue"]["type"] == ["number", "null"]
    assert set(told["components"]["schemas"]["Prediction"]["properties"]) == set(
        call(app, "/invocations", LEADS[0]).json["predictions"][0]
    )


def test_every_status_that_is_answered_is_described(app: ScoringApp) -> None:
    responses = call(app, "/openapi.json", method="GET").json["paths"]["/invocations"]["post"]["responses"]
    asked: list[tuple[Any, dict[str, str]]] = [
        (LEADS[0], {}),
        (b"{", {}),
        (LEADS[0], {"content-type": "image/png"}),
        (LEADS[0], {"accept": "text/html"}),
        (b"x" * 6_291_457, {}),
    ]
    statuses = {str(call(app, "/invocations", body, headers=headers).status) for body, headers in asked}
    assert statuses == {"200", "400", "415", "406", "413"}
    assert statuses <= set(responses)


def test_before_a_model_serves_there_is_no_description(two: TwoBundles) -> None:
    app = ScoringApp(name="leadscore", instance="here", live=Live())
    got = call(app, "/openapi.json", method="GET")
    app.close()
    assert (got.status, got.headers["retry-after"]) == (503, "1")
    assert call(app, "/metrics", method="GET").status == 200
