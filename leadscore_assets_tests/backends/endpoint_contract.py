"""What every endpoint host does, wherever it runs; subclasses give the fixtures."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pytest

from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.backends.ports import EndpointHost
from leadscore_assets.domain.errors import InvalidInput, Missing
from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.release_story import Story
from leadscore_assets_tests.serving.bundles import records, scorer
from leadscore_assets_tests.serving.processes import until

LEADS = records(30)


class Stage(Protocol):
    """Where an endpoint plays: the host as any process opens it, a client's way to ask it, and time that passes."""

    def open(self) -> EndpointHost: ...

    def ask(self, lead: dict[str, Any]) -> dict[str, Any]: ...

    def wait(self) -> None: ...


@dataclass(frozen=True)
class Two:
    """Two bundles, as the variants of a release."""

    kept: LocalBundles
    digests: list[str]

    @property
    def old(self) -> Variant:
        return Variant("primary", self.digests[0], 1)

    @property
    def new(self) -> Variant:
        return Variant("primary", self.digests[1], 2)

    @property
    def shadow(self) -> Variant:
        return replace(self.new, name="shadow", weight=0.0)

    @property
    def shared(self) -> list[Variant]:
        return [replace(self.old, weight=0.5), replace(self.new, name="candidate", weight=0.5)]


def counted(stage: Stage, look: Callable[[EndpointHost], bool]) -> None:
    """Wait, a bounded time, until the endpoint has counted something."""

    def seen() -> bool:
        stage.wait()
        return look(stage.open())

    until(seen)


class EndpointContract:
    """The port's promises."""

    def test_an_endpoint_that_was_never_given_a_model_says_so(self, stage: Stage) -> None:
        host = stage.open()
        status = host.status()
        assert (status.running, status.generation, status.variants) == (False, 0, ())
        with pytest.raises(Missing, match="never given a model"):
            host.start()
        assert host.counts().variants == ()

    def test_a_model_is_served_with_the_bits_of_its_bundle_and_replaced_in_place(self, stage: Stage, two: Two) -> None:
        for number, variant in enumerate((two.old, two.new), start=1):
            status = stage.open().deploy([variant])
            assert (status.running, status.generation, status.variants, status.error) == (
                True,
                number,
                (variant,),
                None,
            )
            assert stage.open().status() == status
            batch = scorer(two.kept, variant.digest).score_records(LEADS).each()
            for lead, (score, rounded, band, chance) in zip(LEADS, batch, strict=True):
                answer = stage.ask(lead)
                found = answer["predictions"][0]
                assert (found["score"], found["conversion_probability"]) == (score, chance)
                assert (found["score_rounded"], found["band"]) == (rounded, band)
                assert (answer["model_version"], answer["model_digest"]) == (variant.version, variant.digest)

    def test_a_release_is_served_and_counted_step_by_step(self, stage: Stage, two: Two) -> None:
        status = stage.open().deploy([two.old], shadow=two.shadow, salt="one")
        assert (status.variants, status.shadow, status.salt) == ((two.old,), two.shadow, "one")
        stage.wait()
        assert {stage.ask(lead)["model_version"] for lead in LEADS} == {1}
        counted(stage, lambda host: host.counts().agreement.pairs == len(LEADS))
        found = stage.open().counts()
        assert (found.configuration, found.variants[0].requests) == ("1", len(LEADS))
        assert found.shadow
        assert (found.shadow.digest, found.shadow.errors) == (two.new.digest, 0)

        status = stage.open().deploy(two.shared)
        assert (status.generation, status.shadow, status.salt) == (2, None, "one")
        stage.wait()
        assert {stage.ask(lead)["model_version"] for lead in LEADS} == {1, 2}
        counted(stage, lambda host: sum(item.requests for item in host.counts().variants) == len(LEADS))
        share = stage.open().counts().of("candidate", two.new.digest)
        assert share
        assert 0 < share.keys < len(LEADS)
        assert sum(share.key_latency_counts) == share.keys

        status = stage.open().deploy([two.new, replace(two.old, name="previous", weight=0.0)])
        assert status.variants == (two.new, replace(two.old, name="previous", weight=0.0))
        assert {stage.ask(lead)["model_version"] for lead in LEADS} == {2}
        assert stage.open().counts().configuration == "3"

    def test_what_is_served_already_is_left_alone(self, stage: Stage, two: Two) -> None:
        first = stage.open().deploy(two.shared, salt="one")
        assert stage.open().deploy(two.shared) == first

    def test_stopping_and_starting_bring_everything_back(self, stage: Stage, two: Two) -> None:
        deployed = stage.open().deploy([two.old], shadow=two.shadow, salt="one")
        stopped = stage.open().stop()
        assert (stopped.running, stopped.stopped, stopped.generation) == (False, True, 1)
        assert stage.open().stop() == stopped
        started = stage.open().start()
        assert replace(started, pid=None) == replace(deployed, pid=None)
        assert stage.open().start() == started

    @pytest.mark.parametrize("case", ["none", "twice", "no weight", "negative", "shadow's name"])
    def test_variants_without_sense_are_refused(self, stage: Stage, two: Two, case: str) -> None:
        variants = {
            "none": [],
            "twice": [two.old, two.new],
            "no weight": [replace(two.old, weight=0.0)],
            "negative": [two.old, replace(two.new, name="candidate", weight=-1.0)],
            "shadow's name": [two.old],
        }[case]
        with pytest.raises(InvalidInput):
            stage.open().deploy(variants, shadow=two.old if case == "shadow's name" else None)
        assert stage.open().status().generation == 0

    def test_an_unknown_bundle_is_missing_and_nothing_changes(self, stage: Stage, two: Two) -> None:
        with pytest.raises(Missing):
            stage.open().deploy([replace(two.old, digest="0" * 64)])
        assert stage.open().status().generation == 0

    def test_a_story_can_be_told_before_and_after_a_deployment(self, stage: Stage, two: Two) -> None:
        stage.open().tell(Story("none"))
        stage.open().deploy([two.old])
        stage.open().tell(Story("champion", champion=1))

    def test_it_says_how_it_deals(self, stage: Stage) -> None:
        assert stage.open().deals_by in ("lead", "request")
