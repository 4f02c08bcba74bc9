"""What the server shows of itself to whoever looks: status, counts, metrics and its own description; it reads only."""

from collections.abc import Callable

from leadscore_assets.domain.exposition import CONTENT_TYPE
from leadscore_assets.serving.answers import Reply, json_reply, problem
from leadscore_assets.serving.metrics import metrics_text
from leadscore_assets.serving.openapi import described
from leadscore_assets.serving.reports import SHADOW, living
from leadscore_assets.serving.station import Station, all_counts, server_status

NOT_READY = "no model serves yet; deploy one or try again in a moment"
Page = Callable[[str, str, Station], Reply]


def _ping(_name: str, _instance: str, station: Station) -> Reply:
    return Reply(200, b"") if station.live.serving else problem(503, NOT_READY)


def _status(name: str, instance: str, station: Station) -> Reply:
    return json_reply(200, server_status(name, instance, station, station.everyone()))


def _counts(_name: str, _instance: str, station: Station) -> Reply:
    return json_reply(200, all_counts(station.everyone()))


def _metrics(name: str, instance: str, station: Station) -> Reply:
    reports = station.everyone()
    workers = [report for report in living(reports, server=station.server) if report.slot != SHADOW]
    release = station.report().release
    status = server_status(name, instance, station, reports)
    text = metrics_text(release, all_counts(reports), status.requests, workers=len(workers))
    return Reply(200, text.encode(), CONTENT_TYPE)


def _openapi(name: str, _instance: str, station: Station) -> Reply:
    serving = station.live.serving
    if serving is None:
        return problem(503, NOT_READY)
    return json_reply(200, described(name, serving.heaviest.scorer.contract, serving.models))


PAGES: dict[str, Page] = {
    "/ping": _ping,
    "/status": _status,
    "/counts": _counts,
    "/metrics": _metrics,
    "/openapi.json": _openapi,
}
