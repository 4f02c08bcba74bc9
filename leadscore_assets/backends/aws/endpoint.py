"""The endpoint on SageMaker: what is asked is kept in a record, made by updates that alarms watch, and read back.

Success is in service by the configuration that was asked for. Killed at any instant, the same call again converges:
names come from content, numbers from the record.
"""

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, Protocol

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.alarms import AlarmLimits, EndpointAlarms
from leadscore_assets.backends.aws.endpoint_counts import EndpointCounts
from leadscore_assets.backends.aws.endpoint_leftovers import Leftovers
from leadscore_assets.backends.aws.endpoint_moving import EndpointMover, Goal
from leadscore_assets.backends.aws.endpoint_record import EndpointRecord, EndpointRecords, Generation, Kept
from leadscore_assets.backends.aws.endpoint_service import SERVES, EndpointService, Seen
from leadscore_assets.backends.aws.requests_endpoint import (
    DIGEST,
    VERSION,
    EndpointPlace,
    Layout,
    configuration_name,
    layout,
    layout_digest,
    longest_move,
    model_request,
)
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.scaling import Scaling
from leadscore_assets.backends.aws.waiting import Patience
from leadscore_assets.backends.ports import Captures
from leadscore_assets.backends.variants import check_variants
from leadscore_assets.domain.capture_policy import CapturePolicy
from leadscore_assets.domain.errors import InvalidInput, LeadscoreError, Missing, PermanentError, TransientError
from leadscore_assets.domain.facts import EndpointStatus, Variant
from leadscore_assets.domain.release_story import Story
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets.domain.serving_counts import ServingCounts

_NAME = re.compile(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,39}")


class BundleAddresses(Protocol):
    """Where bundles lie in the bucket."""

    def uri(self, digest: str) -> str:
        """Return the `s3://` address of a bundle's archive, below the store's own."""
        ...


@dataclass(frozen=True)
class _Asked:
    variants: tuple[Variant, ...]
    shadow: Variant | None
    salt: str


class SageMakerEndpoint:
    """An EndpointHost on SageMaker.

    Requests are dealt to variants by chance, each anew: `deals_by` says so, and the salt is kept but deals nothing.
    Variants of weight 0 do not run; the configuration that brings them back is kept, so that going back is one update.
    """

    def __init__(  # noqa: PLR0913 - the account, what runs there, by which rules, and what is read beside it
        self,
        account: Account,
        store: S3Store,
        *,
        name: str,
        place: EndpointPlace,
        resources: ResourcesPolicy,
        capture: CapturePolicy,
        bundles: BundleAddresses,
        captures: Captures,
        labels: tuple[float, float],
        limits: AlarmLimits | None = None,
        patience: Patience | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"endpoint name {name!r} is no name of 40 letters, digits and single hyphens at most")
        self._name, self._place, self._resources, self._capture = name, place, resources, capture
        self._store, self._bundles, self._now = store, bundles, now
        self._address = f"{account.endpoint_url or _runtime(account.region)}/endpoints/{name}"
        self._records = EndpointRecords(store, name)
        self._service = EndpointService(account, name, patience or Patience(deadline=longest_move(resources)))
        self._alarms = EndpointAlarms(account, name, topic=place.topic, limits=limits or AlarmLimits())
        self._scaling = Scaling(account, name, resources)
        parts = {"place": place, "resources": resources, "alarms": self._alarms, "scaling": self._scaling}
        self._mover = EndpointMover(name, self._service, **parts)  # type: ignore[arg-type]
        self._leftovers = Leftovers(account, name, self._service, self._alarms)
        self._counts = EndpointCounts(account, store, name, captures=captures, capture=capture, labels=labels, now=now)

    @property
    def deals_by(self) -> Literal["lead", "request"]:
        """Chance: SageMaker deals every request anew."""
        return "request"

    def deploy(
        self, variants: Sequence[Variant], *, shadow: Variant | None = None, salt: str | None = None
    ) -> EndpointStatus:
        """Serve these variants, and copy requests to the shadow; return once SageMaker serves them.

        A new configuration is counted from zero. Raises PermanentError with SageMaker's reason when it failed or went
        back by itself (what served before goes on serving, and the record says so again), Missing for an unknown
        bundle, TransientError when time runs out with the change under way, or when another deployment came first.
        """
        check_variants(variants, shadow)
        kept = self._records.read()
        present = kept.record.wanted
        salt = (present.salt if present else "") if salt is None else salt
        return self._bring(kept, _Asked(tuple(variants), shadow, salt))

    def start(self) -> EndpointStatus:
        """Create the endpoint again with what was deployed last; raise Missing when nothing was."""
        kept = self._records.read()
        wanted = kept.record.wanted
        if wanted is None:
            raise Missing(f"endpoint {self._name} was never given a model; run 'leadscore retrain' to deploy one")
        return self._bring(kept, _Asked(wanted.variants, wanted.shadow, wanted.salt))

    def stop(self) -> EndpointStatus:
        """Delete the endpoint, so that nothing is billed, and keep what brings it back."""
        kept = self._records.read()
        self._records.write(kept, replace(kept.record, stopped=True))
        seen = self._service.settle()
        if seen:
            serves = self._service.configuration(seen.configuration) or {}
            fleets = serves.get("ProductionVariants", ())
            self._scaling.keep_only({item["VariantName"]: item["InstanceType"] for item in fleets}, {})
            self._service.delete()
        return self.status()

    def status(self) -> EndpointStatus:
        """Describe what SageMaker serves; while it changes, what served before."""
        record, seen = self._records.read().record, self._service.look()
        if seen is None or seen.status not in SERVES:
            told = f"the endpoint is {seen.status}" + (f": {seen.reason}" if seen.reason else "") if seen else None
            return self._told(record.wanted, record, running=False, error=told)
        if not seen.settled:
            before = record.last_good
            return self._told(before, record, running=True, error=f"an update is under way ({seen.status})")
        if seen.status == "UpdateRollbackFailed":
            return self._told(None, record, running=True, error=f"configurations are mixed: {seen.reason}")
        found = next((item for item in (record.wanted, record.last_good) if item and _by(item, seen)), None)
        return self._told(found or self._described(seen), record, running=True, error=None)

    def counts(self) -> ServingCounts:
        """Return what CloudWatch, the logs and the capture counted since the present generation is in service.

        A deployment that came true after its caller was gone is confirmed here.
        """
        record = self._records.read().record
        wanted = record.wanted
        if wanted and wanted.since is None:
            seen = self._service.look()
            record = self._finished(wanted) if seen and seen.serves(wanted.configuration) else record
        good = record.wanted if record.wanted and record.wanted.since else record.last_good
        return self._counts.of(good) if good else ServingCounts()

    def tell(self, story: Story) -> None:
        """Keep the story beside the record."""
        self._store.put(f"endpoint/{self._name}/story.json", json.dumps(story.to_json(), indent=1).encode())

    def token(self, *, new: bool = False) -> str:  # noqa: ARG002 - the port's
        """Raise Missing: this endpoint has no page that could ask for a rollback."""
        raise Missing(f"endpoint {self._name} is on SageMaker and has no page; 'leadscore rollback' goes back")

    def _bring(self, kept: Kept, asked: _Asked) -> EndpointStatus:
        seen = self._service.look()
        content = self._prepared(asked)
        kept = self._issued(kept, asked, content, fresh=seen is not None and seen.status == "UpdateRollbackFailed")
        wanted = kept.record.wanted
        if wanted is None:
            raise PermanentError(f"endpoint {self._name} was asked for nothing; deploy a model")
        try:
            self._mover.bring(Goal(wanted.configuration, content, wanted.number, back=_goes_back(wanted, kept.record)))
        except PermanentError:
            self._withdraw(wanted)
            raise
        self._finished(wanted)
        return self.status()

    def _prepared(self, asked: _Asked) -> Layout:
        """Make the models, those of variants without traffic too, and return what the configuration says."""
        names = {}
        for item in (*asked.variants, *([asked.shadow] if asked.shadow else [])):
            url = self._archive(item.digest)
            request = model_request(self._name, item, url, place=self._place, isolated=self._resources.isolated)
            names[item.digest, item.version] = request["ModelName"]
            self._service.make_model(request)
        rules = {"place": self._place, "resources": self._resources, "capture": self._capture}
        return layout(names, asked.variants, shadow=asked.shadow, **rules)  # type: ignore[arg-type]

    def _archive(self, digest: str) -> str:
        url = self._bundles.uri(digest)
        if self._store.head(url.removeprefix(self._store.uri(""))) is None:
            raise Missing(f"bundle {digest[:12]} is not at {url}; train its week again or restore it from a backup")
        return url

    def _issued(self, kept: Kept, asked: _Asked, content: Layout, *, fresh: bool) -> Kept:
        """Write down what is wanted, under a new number unless it is wanted already; a known content keeps its name."""
        record, digest = kept.record, layout_digest(content)
        wanted = record.wanted
        same = wanted is not None and wanted.says(asked.variants, asked.shadow, asked.salt)
        if same and wanted and wanted.configuration.endswith(f"-{digest}") and not fresh:
            return self._records.write(kept, replace(record, stopped=False))
        number = record.issued + 1
        known = sorted(name for name in record.configurations if name.endswith(f"-{digest}"))
        name = configuration_name(self._name, number, content) if fresh or not known else known[-1]
        return self._records.write(
            kept, record.asking(Generation(number, name, asked.variants, asked.shadow, asked.salt))
        )

    def _finished(self, wanted: Generation) -> EndpointRecord:
        """Do what follows a generation that is in service: scale and watch it, write it down, clear up behind it."""
        self._mover.follow(self._service.configuration(wanted.configuration) or {})
        kept = self._records.read()
        if kept.record.wanted is None or kept.record.wanted.number != wanted.number:
            raise TransientError(f"another deployment took the place of generation {wanted.number}; look again later")
        record = self._records.write(kept, kept.record.confirmed(self._now())).record
        self._leftovers.sweep(record.configurations, issued=wanted.number)
        return record

    def _withdraw(self, wanted: Generation) -> None:
        """Go back, in the record, to what served last; a newer wish stays."""
        with suppress(LeadscoreError):
            kept = self._records.read()
            if kept.record.wanted and kept.record.wanted.number == wanted.number:
                kept = self._records.write(kept, kept.record.withdrawn())
            self._leftovers.sweep(kept.record.configurations, issued=wanted.number)

    def _described(self, seen: Seen) -> Generation:
        """Read off a configuration that the record does not know what it serves."""
        content = self._service.configuration(seen.configuration) or {}
        variants = tuple(self._variant(item) for item in content.get("ProductionVariants", ()))
        shadows = [self._variant(item) for item in content.get("ShadowProductionVariants", ())]
        return Generation(0, seen.configuration, variants, shadows[0] if shadows else None)

    def _variant(self, fleet: Layout) -> Variant:
        model = self._service.model(fleet["ModelName"]) or {}
        told = model.get("PrimaryContainer", {}).get("Environment", {})
        version = told.get(VERSION, "0")
        return Variant(
            fleet["VariantName"],
            told.get(DIGEST, ""),
            int(version) if version.isdecimal() else 0,
            fleet.get("InitialVariantWeight", 1.0),
        )

    def _told(
        self, serves: Generation | None, record: EndpointRecord, *, running: bool, error: str | None
    ) -> EndpointStatus:
        return EndpointStatus(
            running=running,
            address=self._address,
            generation=serves.number if serves else 0,
            variants=serves.variants if serves else (),
            error=error,
            shadow=serves.shadow if serves else None,
            salt=serves.salt if serves else "",
            stopped=record.stopped,
        )


def _goes_back(wanted: Generation, record: EndpointRecord) -> bool:
    """Tell whether what is wanted was in service before: it needs no watching on its way."""
    if wanted.since is not None:
        return True
    lone, good = wanted.lone, record.last_good
    before = good.lone.digest if good and good.lone else None
    return lone is not None and lone.digest != before and record.answered(lone.digest)


def _by(generation: Generation, seen: Seen) -> bool:
    return generation.configuration == seen.configuration


def _runtime(region: str) -> str:
    return f"https://runtime.sagemaker.{region}.amazonaws.com"
