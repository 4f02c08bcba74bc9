"""What the server did over the last hour: a sample every ten seconds, kept by one of its processes in a small file.

The file is a ring of bounded length that is written without syncing. It outlives its writer, so that a page has a past
when it is opened; a sample that cannot be written is a gap in a picture and nothing else.
"""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from leadscore_assets.domain.serving_counts import ServingCounts, VariantCounts

SECONDS = 10.0
SAMPLES = 360
_SHADOW_NAME = "shadow"


class VariantSample(msgspec.Struct, frozen=True, array_like=True):
    """What one variant's bundle did in a sample's time; latencies are in milliseconds, None without a request."""

    name: str
    version: int
    requests: int
    errors: int
    p50: float | None = None
    p99: float | None = None


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """The end of a sample (epoch seconds), how many seconds it covers, and each variant's part in it."""

    at: float
    seconds: float
    variants: tuple[VariantSample, ...]


class HistoryFile:
    """The file of the last samples, oldest first; it is read again only after it changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._samples: tuple[Sample, ...] = ()

    def samples(self) -> tuple[Sample, ...]:
        """Return what is kept; nothing where it cannot be read."""
        try:
            found = self._path.stat()
            seen = (found.st_mtime_ns, found.st_ino)
            if seen != self._seen:
                self._samples = msgspec.json.decode(self._path.read_bytes(), type=tuple[Sample, ...])[-SAMPLES:]
                self._seen = seen
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            self._samples, self._seen = (), None
        return self._samples

    def add(self, sample: Sample) -> None:
        """Keep one more sample, and the newest of the others; one that cannot be written now is left out."""
        draft = self._path.with_name(f".{self._path.name}.tmp")
        try:
            draft.write_bytes(msgspec.json.encode((*self.samples(), sample)[-SAMPLES:]))
            draft.replace(self._path)
        except OSError:
            draft.unlink(missing_ok=True)


class Sampler:
    """Samples what all processes counted, when it is due.

    A sample covers one configuration: another one begins a new sample, so that no rate is too small. So does a start.
    """

    def __init__(
        self,
        file: HistoryFile,
        *,
        configuration: Callable[[], str],
        counts: Callable[[], ServingCounts],
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._file = file
        self._configuration = configuration
        self._counts = counts
        self._clock = clock
        self._now = now
        self._before: ServingCounts | None = None
        self._since = 0.0

    def sample_when_due(self) -> None:
        """Take a sample ten seconds after the last one; between two samples this costs a look at the clock."""
        passed, configuration = self._clock() - self._since, self._configuration()
        if self._before is None:
            self._begin(self._counts())
        elif self._before.configuration != configuration:
            self._begin(ServingCounts(configuration))
        elif passed >= SECONDS:
            counts = self._counts()
            self._file.add(_sample(counts.since(self._before), at=self._now(), seconds=passed))
            self._begin(counts)

    def _begin(self, counts: ServingCounts) -> None:
        self._before, self._since = counts, self._clock()


def _sample(counts: ServingCounts, *, at: float, seconds: float) -> Sample:
    shadow = (counts.shadow,) if counts.shadow else ()
    named = [(item.name, item) for item in counts.variants] + [(_SHADOW_NAME, item) for item in shadow]
    return Sample(round(at, 1), round(seconds, 2), tuple(_variant(name, item) for name, item in named))


def _variant(name: str, counts: VariantCounts) -> VariantSample:
    p50, p99 = milliseconds(counts, 0.5), milliseconds(counts, 0.99)
    return VariantSample(name, counts.version, counts.requests, counts.errors, p50, p99)


def milliseconds(counts: VariantCounts, share: float) -> float | None:
    """Return a quantile of the latency in milliseconds; None without a request."""
    found = counts.quantile(share)
    return None if found is None else round(1000 * found, 3)
