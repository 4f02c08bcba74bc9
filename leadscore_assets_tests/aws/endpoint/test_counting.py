"""What the emulated CloudWatch, its logs and the capture count, and that no look reads the whole history again."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from leadscore_assets.domain.capture_policy import CapturePolicy
from leadscore_assets.domain.serving_counts import INVALID_OUTPUT, ServingCounts
from leadscore_assets.steps.release_facts import follows
from leadscore_assets_tests.aws.emulated_containers import Answered, Hollow
from leadscore_assets_tests.aws.endpoint.site import CANARY, NAME, NEW, OLD, SHADOW, Site

GROUP = f"/aws/sagemaker/Endpoints/{NAME}"


@pytest.fixture
def later(site: Site) -> Callable[..., None]:
    """Lets time pass in the emulated account."""
    return lambda minutes=2: site.world.metrics.clock.advance(60 * minutes)


class Scoring(Hollow):
    """Hollow models that give scores: production's 2 and the shadow's 2.5, or what the test wants of a lead."""

    odd: dict[str, Any]

    def ask(self, model: Any, body: bytes, headers: Any) -> Answered:
        version = int(model["PrimaryContainer"]["Environment"]["LEADSCORE_VERSION"])
        score: float | None = 2.0 if version == 1 else 2.5
        if version == 2:
            score = getattr(self, "odd", {}).get(headers.get("x-amzn-sagemaker-inference-id"), score)
        answer = {"model_version": version, "predictions": [{"score": score, "band": "A" if version == 1 else "B"}]}
        return Answered(200, json.dumps(answer).encode(), "application/json", 4_000.0)


def test_variants_are_counted_since_their_configuration_is_in_service(site: Site, later: Callable[..., None]) -> None:
    endpoint = site.make()
    assert endpoint.counts() == ServingCounts()
    endpoint.deploy([OLD])
    later()
    site.ask(7)
    later()
    assert endpoint.counts().variants[0].requests == 7
    status = endpoint.deploy(CANARY)
    later()
    answered = site.ask(40)
    later()
    found = endpoint.counts()
    assert found.configuration == f"{status.generation}" == "2"
    assert {item.name: item.requests for item in found.variants} == {
        name: answered.count(name) for name in ("primary", "candidate")
    }
    candidate = found.of("candidate", NEW.digest)
    assert candidate
    assert (candidate.version, candidate.keys, candidate.leads) == (2, candidate.requests, candidate.requests)
    assert candidate.quantile(0.5) == pytest.approx(0.005, rel=0.25)
    assert sum(candidate.key_latency_counts) == candidate.requests


def test_what_the_fleet_before_answered_is_nobodys(site: Site, later: Callable[..., None]) -> None:
    endpoint = site.make()
    endpoint.deploy([OLD])
    later()
    site.ask(5)
    endpoint.deploy([NEW])
    later()
    assert endpoint.counts().variants[0].requests == 0


def test_errors_refusals_and_invalid_answers_are_told_apart(site: Site, later: Callable[..., None]) -> None:
    endpoint = site.make()
    endpoint.deploy([OLD])
    later()
    assert isinstance(site.world.containers, Hollow)
    site.ask(3)
    for status, count in ((500, 4), (400, 2)):
        site.world.containers.failing["-v1-"] = status
        for _ in range(count):
            with pytest.raises(Exception, match="ModelError"):
                site.ask()
    log_invalid(site, "primary/i-1", 2)
    log_invalid(site, "other/i-1", 5)
    later()
    found = endpoint.counts().variants[0]
    assert (found.requests, found.errors, found.invalid, found.refused) == (7, 4, 2, 2)
    assert (found.key_errors, found.key_invalid) == (4, 2)


def log_invalid(site: Site, stream: str, count: int) -> None:
    """Lines as a container writes them."""
    call, now = site.account.call, round(site.world.metrics.clock.now().timestamp() * 1000)
    groups = [item["logGroupName"] for item in site.account.pages("logs", "describe_log_groups", "logGroups")]
    if GROUP not in groups:
        call("logs", "create_log_group", logGroupName=GROUP)
    call("logs", "create_log_stream", logGroupName=GROUP, logStreamName=stream)
    lines = [f"ERROR leadscore_assets.serving.invocation {INVALID_OUTPUT} of primary", "another line"]
    events = [{"timestamp": now, "message": line} for line in lines * count]
    call("logs", "put_log_events", logGroupName=GROUP, logStreamName=stream, logEvents=events)


def test_a_shadow_is_compared_with_production_by_what_capture_kept(site: Site, later: Callable[..., None]) -> None:
    site.world.containers = Scoring()
    endpoint = site.make()
    endpoint.deploy([OLD], shadow=SHADOW)
    later()
    site.ask(6)
    later()
    found = endpoint.counts()
    assert (found.shadow.requests, found.shadow.digest) == (6, NEW.digest) if found.shadow else None
    agreement = found.agreement
    assert (agreement.mirrored, agreement.pairs, agreement.other_band, agreement.dropped) == (6, 6, 6, 0)
    assert (agreement.gap_sum, agreement.gap_largest) == (3.0, 0.5)
    assert sum(agreement.joint) == 6
    assert found.captured == 6


def test_a_shadow_that_gave_no_score_failed_and_one_that_was_not_captured_was_dropped(
    site: Site, later: Callable[..., None]
) -> None:
    site.world.containers = scoring = Scoring()
    scoring.odd = {"lead-1": None}
    endpoint = site.make()
    endpoint.deploy([OLD], shadow=SHADOW)
    later()
    site.ask(3)
    keys = [key for key, _ in site.store.objects(f"capture/{NAME}/shadow/")]
    site.store.delete(keys[-1])
    later()
    assert endpoint.counts().agreement.dropped == 0
    later(30)
    agreement = endpoint.counts().agreement
    assert agreement.pairs + agreement.failed == 2
    assert agreement.dropped == 1
    sampled = site.make(capture=CapturePolicy(percent=50.0))
    site.store.delete(f"endpoint/{NAME}/counted.json")
    assert sampled.counts().agreement.dropped == 0


def test_a_lead_that_is_asked_about_again_is_compared_again(site: Site, later: Callable[..., None]) -> None:
    site.world.containers = Scoring()
    endpoint = site.make()
    endpoint.deploy([OLD], shadow=SHADOW)
    for _ in range(4):
        later(1.5)
        site.ask(3)
    later()
    agreement = endpoint.counts().agreement
    assert (agreement.mirrored, agreement.pairs, agreement.failed) == (12, 12, 0)
    later(30)
    agreement = endpoint.counts().agreement
    assert (agreement.pairs, agreement.dropped) == (12, 0)


def test_what_was_counted_is_remembered_and_read_once(site: Site, later: Callable[..., None]) -> None:
    site.world.containers = Scoring()
    endpoint = site.make()
    endpoint.deploy([OLD], shadow=SHADOW)
    later()
    site.ask(5)
    later(60 * 26)
    windows = asked_for(site)
    first = endpoint.counts()
    assert max(windows) <= timedelta(hours=6)
    assert (len(windows), first.agreement.pairs) == (6, 5)
    assert site.document("counted.json")["counts"]["variants"][0]["requests"] == 5
    later(5)
    site.ask(2)
    later()
    windows.clear()
    site.captures.reads.clear()
    second = site.make().counts()
    assert max(windows) <= timedelta(minutes=20)
    assert all(last - first <= timedelta(minutes=30) for first, last in site.captures.reads)
    assert (second.variants[0].requests, second.agreement.pairs) == (7, 7)
    assert second.since(first).variants[0].requests == 2


def asked_for(site: Site) -> list[timedelta]:
    """How long the times are that CloudWatch is asked about from here on."""
    seen: list[timedelta] = []
    events = site.account.client("cloudwatch").meta.events
    events.register(
        "provide-client-params.cloudwatch.GetMetricData",
        lambda params, **_: seen.append(params["EndTime"] - params["StartTime"]),
    )
    return seen


@pytest.mark.parametrize("content", [b"{", b'{"generation": 1}', b"[]"])
def test_a_memory_that_cannot_be_read_is_made_again(site: Site, later: Callable[..., None], content: bytes) -> None:
    endpoint = site.make()
    endpoint.deploy([OLD])
    later()
    site.ask(3)
    later(30)
    assert endpoint.counts().variants[0].requests == 3
    site.store.put(f"endpoint/{NAME}/counted.json", content)
    assert endpoint.counts().variants[0].requests == 3


def test_a_generation_without_a_full_minute_has_counted_nothing(site: Site) -> None:
    endpoint = site.make()
    endpoint.deploy([OLD])
    site.ask(2)
    assert endpoint.counts() == ServingCounts("1")


def test_the_status_is_what_the_release_compares(site: Site) -> None:
    from leadscore_assets.domain.release_state import Desired

    endpoint = site.make()
    wanted = Desired(variants=(OLD,), shadow=SHADOW, salt="one")
    status = endpoint.deploy([OLD], shadow=SHADOW, salt="one")
    assert follows(status, wanted)
    assert not follows(endpoint.deploy([OLD]), wanted)
