from pathlib import Path

import pytest

from leadscore_assets.domain.serving_counts import NO_LATENCIES, ServingCounts, VariantCounts
from leadscore_assets.serving.history import SAMPLES, SECONDS, HistoryFile, Sample, Sampler, VariantSample


class Clock:
    """A clock, and counts of a server that the test holds."""

    def __init__(self, path: Path) -> None:
        self.time = 0.0
        self.counts = ServingCounts("1")
        self.file = HistoryFile(path)

    def sampler(self) -> Sampler:
        return Sampler(
            self.file,
            configuration=lambda: self.counts.configuration,
            counts=lambda: self.counts,
            clock=lambda: self.time,
            now=lambda: 1_000_000 + self.time,
        )

    def count(self, configuration: str, requests: int, errors: int = 0, *, bin_: int = 10) -> None:
        bins = tuple(requests if at == bin_ else 0 for at in range(len(NO_LATENCIES)))
        variant = VariantCounts("primary", "a" * 64, 1, requests=requests, errors=errors, latency_counts=bins)
        self.counts = ServingCounts(configuration, (variant,))


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "history.json")


def test_a_sample_says_what_happened_since_the_one_before(clock: Clock) -> None:
    sampler = clock.sampler()
    clock.count("1", 100, 10)
    sampler.sample_when_due()
    clock.count("1", 130, 13)
    clock.time = SECONDS / 2
    sampler.sample_when_due()
    assert clock.file.samples() == ()
    clock.time = SECONDS + 2
    sampler.sample_when_due()
    (sample,) = clock.file.samples()
    assert (sample.at, sample.seconds) == (1_000_012, 12.0)
    (variant,) = sample.variants
    assert (variant.name, variant.version, variant.requests, variant.errors) == ("primary", 1, 30, 3)
    assert variant.p50 == variant.p99
    assert 0.05 < (variant.p99 or 0) < 1


def test_another_configuration_begins_a_sample_of_its_own(clock: Clock) -> None:
    sampler = clock.sampler()
    clock.count("1", 100)
    sampler.sample_when_due()
    clock.time = 8.0
    clock.count("2", 4)
    sampler.sample_when_due()
    clock.time = 18.0
    clock.count("2", 50)
    sampler.sample_when_due()
    (sample,) = clock.file.samples()
    assert (sample.seconds, sample.variants[0].requests) == (10.0, 50)


def test_the_ring_is_bounded_and_outlives_its_writer(clock: Clock, tmp_path: Path) -> None:
    for number in range(SAMPLES + 5):
        clock.file.add(Sample(number, 10.0, (VariantSample("primary", 1, number, 0),)))
    again = Clock(tmp_path / "history.json")
    assert [sample.at for sample in again.file.samples()] == list(range(5, SAMPLES + 5))
    sampler = again.sampler()
    again.count("1", 7)
    sampler.sample_when_due()
    again.time = SECONDS
    again.count("1", 9)
    sampler.sample_when_due()
    samples = again.file.samples()
    assert len(samples) == SAMPLES
    assert samples[-1].variants[0].requests == 2
    assert (tmp_path / "history.json").stat().st_size < 64 * 1024


@pytest.mark.parametrize("content", [b"{", b"[[1]]", b"\xff\xfe"])
def test_a_broken_file_is_no_history_and_is_replaced(clock: Clock, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "history.json").write_bytes(content)
    assert clock.file.samples() == ()
    clock.file.add(Sample(1.0, 10.0, ()))
    assert [sample.at for sample in clock.file.samples()] == [1.0]


def test_a_sample_that_cannot_be_written_is_left_out(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path / "gone" / "history.json")
    file.add(Sample(1.0, 10.0, ()))
    assert file.samples() == ()
