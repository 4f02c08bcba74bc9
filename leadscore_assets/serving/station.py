"""What one process of a server keeps beside its models: counts, capture, the mirror, and the others' reports."""

import os
import threading
import time
from dataclasses import dataclass, field

from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.serving_counts import Agreement, ServingCounts
from leadscore_assets.serving.capture import Capture
from leadscore_assets.serving.desired import Desired, Placed, Release
from leadscore_assets.serving.mirror import Mirror
from leadscore_assets.serving.models import Live, Serving
from leadscore_assets.serving.reports import SHADOW, Reports, living, summed
from leadscore_assets.serving.status import Counts, ServerStatus, WorkerReport, WorkerState
from leadscore_assets.serving.tally import Book

_TELL_SECONDS = 0.25
_BEAT_SECONDS = 5.0


@dataclass
class Station:
    """One process's own things; those of a process that stands alone are in memory."""

    live: Live
    slot: str = "0"
    server: int = field(default_factory=os.getpid)
    reports: Reports | None = None
    capture: Capture | None = None
    mirror: Mirror = field(default_factory=lambda: Mirror(None))
    book: Book = field(default_factory=Book)
    requests: Counts = field(default_factory=Counts)
    earlier: ServingCounts = field(default_factory=ServingCounts)
    started: float = field(default_factory=time.monotonic)
    _telling: threading.Lock = field(default_factory=threading.Lock)
    _told: tuple[float, tuple[object, ...]] = (0.0, (None,))

    def follow(self, desired: Desired) -> None:
        """Take over what of the desired state needs no bundle."""
        if self.capture:
            self.capture.rules = desired.capture

    def turn(self, serving: Serving) -> None:
        """Prepare the counts for a release that is about to serve."""
        configuration = serving.release.configuration
        if configuration != self.book.configuration:
            self.earlier = ServingCounts(configuration)
            self.mirror.mirrored = self.mirror.dropped = 0
        self.book.turn(configuration)

    def counts(self) -> ServingCounts:
        """Return what this process counted under the present configuration."""
        old, capture = self.earlier, self.capture
        agreement = Agreement(
            mirrored=old.agreement.mirrored + self.mirror.mirrored, dropped=old.agreement.dropped + self.mirror.dropped
        )
        return ServingCounts(
            configuration=self.book.configuration,
            variants=self.book.variants(),
            agreement=agreement,
            captured=old.captured + (capture.written if capture else 0),
            capture_lost=old.capture_lost + (capture.lost if capture else 0),
        )

    def report(self) -> WorkerReport:
        """Return what this process says of itself."""
        live, serving = self.live, self.live.serving
        return WorkerReport(
            slot=self.slot,
            server=self.server,
            pid=os.getpid(),
            release=serving.release if serving else Release(),
            error=live.error,
            error_generation=live.error_generation,
            engines={model.placed.name: model.scorer.engine for model in serving.models} if serving else {},
            requests=self.requests,
            counts=self.counts(),
        )

    def tell(self) -> WorkerReport:
        """Write the report where the others find it, and return it; two threads do, one at a time."""
        if self.reports is None:
            return self.report()
        with self._telling:
            self._told = (time.monotonic(), self._changing())
            report = self.report()
            self.reports.write(report)
            return report

    def tell_changes(self) -> None:
        """Write the report if it changed: at once when what is served did, else four times a second at most."""
        since, (release, *_) = time.monotonic() - self._told[0], self._told[1]
        now = self._changing()
        if now[0] != release or (since > _TELL_SECONDS and now != self._told[1]) or since > _BEAT_SECONDS:
            self.tell()

    def _changing(self) -> tuple[object, ...]:
        live, requests = self.live, self.requests
        served = (live.serving.release if live.serving else None, live.error, live.error_generation)
        kept = (self.capture.written, self.capture.lost) if self.capture else ()
        return served, requests.served, requests.refused, requests.failed, self.mirror.mirrored, kept

    def everyone(self) -> list[WorkerReport]:
        """Return every process's report, this one's as it is now, those of ended processes included.

        This one's is written first, so that whoever is asked next, by another process too, never hears of less.
        """
        mine = self.tell()
        others = [found for found in self.reports.all() if found.slot != self.slot] if self.reports else []
        return [mine, *others]


def all_counts(reports: list[WorkerReport]) -> ServingCounts:
    """Return what all processes counted under the configuration of the first."""
    return summed(reports, configuration=reports[0].counts.configuration)


def server_status(name: str, instance: str, station: Station, reports: list[WorkerReport]) -> ServerStatus:
    """Say of the whole server what all its workers serve, by everyone's reports."""
    present = living(reports, server=station.server)
    workers = [report for report in present if report.slot != SHADOW] or reports[:1]
    least = min(workers, key=lambda report: report.release.generation)
    troubled = [report for report in present if report.error]
    worst = max(troubled, key=lambda report: report.error_generation or 0, default=None)
    release = least.release
    requests = Counts()
    for report in reports:
        requests = requests.plus(report.requests)
    return ServerStatus(
        name=name,
        instance=instance,
        pid=station.server,
        generation=release.generation,
        variants=tuple(placed.variant for placed in release.variants),
        uptime_seconds=round(time.monotonic() - station.started, 3),
        requests=requests,
        error=worst.error if worst else None,
        error_generation=worst.error_generation if worst else None,
        shadow=_variant(release.shadow),
        salt=release.salt,
        workers=tuple(
            WorkerState(item.slot, item.pid, item.release.generation, item.error, item.engines)
            for item in sorted(present, key=lambda item: item.slot)
        ),
    )


def _variant(placed: Placed | None) -> Variant | None:
    return placed.variant if placed else None
