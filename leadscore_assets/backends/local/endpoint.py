"""The endpoint on this machine: writes the desired state, sees to it that a server follows it, and reads back.

Success is what the server says of itself, never what was asked of it. Killed at any instant, the same call again
converges: generations are files, and the server runs on its own.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from leadscore_assets.backends.local.server_process import ServerProcess
from leadscore_assets.backends.ports import BundleStore
from leadscore_assets.backends.variants import check_variants
from leadscore_assets.domain.errors import LeadscoreError, Missing, PermanentError, TransientError
from leadscore_assets.domain.facts import EndpointStatus, Variant
from leadscore_assets.domain.release_story import Story
from leadscore_assets.domain.serving_counts import ServingCounts
from leadscore_assets.serving.desired import CaptureRules, Desired, Placed, Release
from leadscore_assets.serving.folder import StateFolder
from leadscore_assets.serving.launching import DRAIN_SECONDS
from leadscore_assets.serving.page_token import PageToken
from leadscore_assets.serving.process import WORKERS, loopback
from leadscore_assets.serving.reports import SHADOW, Reports, summed
from leadscore_assets.serving.status import ServerStatus
from leadscore_assets.serving.story_file import write_story

_POLL_SECONDS = 0.05
_GRACE_SECONDS = DRAIN_SECONDS + 5.0
_SILENCE_SECONDS = 15.0
_SETTLE_SECONDS = 5.0


class LocalEndpoint:
    """An EndpointHost whose server is a detached process of this machine."""

    def __init__(  # noqa: PLR0913 - where it lies, where it listens, how it is run, and for whom
        self,
        *,
        folder: Path,
        bundles: BundleStore,
        host: str,
        port: int,
        name: str,
        workers: int = WORKERS,
        capture: CaptureRules | None = None,
        boot_seconds: float = 60,
        home: Path | None = None,
    ) -> None:
        self._folder = StateFolder(folder.absolute())
        self._bundles = bundles
        self._server = ServerProcess(self._folder, loopback(host), port, name, workers, home)
        self._capture = capture or CaptureRules()
        self._boot_seconds = boot_seconds

    @property
    def deals_by(self) -> Literal["lead", "request"]:
        """A lead's key: the server's own hash deals the leads."""
        return "lead"

    def deploy(
        self, variants: Sequence[Variant], *, shadow: Variant | None = None, salt: str | None = None
    ) -> EndpointStatus:
        """Serve these variants, and copy requests to the shadow; return once every process acknowledges.

        The salt deals the leads; without one the present one stays. A new configuration is counted from zero. Raises
        PermanentError with the server's reason, Missing for an unknown bundle, TransientError when time runs out or
        another deployment holds the lock for long; what served before goes on serving.
        """
        check_variants(variants, shadow)
        placed = self._placed(variants)
        copied = self._placed([shadow])[0] if shadow else None
        with self._locked():
            kept = self._folder.desired().salt if salt is None else salt
            return self._bring_up(self._issued(Release(0, tuple(placed), copied, kept)))

    def start(self) -> EndpointStatus:
        """Start the server with what was deployed last; raise Missing when nothing was."""
        with self._locked():
            desired = self._folder.desired()
            if not desired.variants:
                name = self._server.name
                raise Missing(f"endpoint {name} was never given a model; run 'leadscore retrain' to deploy one")
            placed = self._placed([item.variant for item in desired.variants])
            copied = self._placed([desired.shadow.variant])[0] if desired.shadow else None
            return self._bring_up(self._issued(Release(0, tuple(placed), copied, desired.salt)))

    def stop(self) -> EndpointStatus:
        """End the server after the requests in flight; stopping twice is stopping once."""
        with self._locked():
            self._folder.write_desired(self._folder.desired().at_rest(stopped=True))
            self._server.end(grace_seconds=_GRACE_SECONDS)
            return self.status()

    def status(self) -> EndpointStatus:
        """Ask the server what it serves; without one, tell what would be served and why nothing is."""
        answer = self._server.answer()
        if answer:
            return self._told(answer)
        desired = self._folder.desired()
        record = self._server.find()
        return EndpointStatus(
            running=False,
            address=self._server.address,
            generation=desired.generation,
            variants=_variants(desired),
            pid=record.pid if record else None,
            error=f"process {record.pid} runs but does not answer" if record else None,
            shadow=desired.shadow.variant if desired.shadow else None,
            salt=desired.salt,
            stopped=desired.stopped,
        )

    def counts(self) -> ServingCounts:
        """Return what was counted under the present generation, whether the server runs or not."""
        reports = Reports(self._folder.reports_folder).all()
        return summed(reports, configuration=self._folder.desired().configuration)

    def tell(self, story: Story) -> None:
        """Keep the story where the server reads it; raise PermanentError when it cannot be written."""
        write_story(self._folder, story)

    def token(self, *, new: bool = False) -> str:
        """Return the secret of the server's page, made if there is none; raise PermanentError when that fails."""
        self._folder.prepare()
        token = PageToken(self._folder.token_file)
        return token.renewed() if new else token.made()

    def _issued(self, wanted: Release) -> Desired:
        """Write the desired state, under a new number unless it stands already and the server has not given it up."""
        found = desired = self._folder.desired()
        answer = self._server.answer()
        if answer and _serves(answer, desired):
            desired = desired.confirmed()
        given_up = answer is not None and answer.error_generation == desired.generation and not _serves(answer, desired)
        if not desired.says(wanted) or given_up:
            desired = desired.followed_by(wanted.variants, shadow=wanted.shadow, salt=wanted.salt)
        desired = desired.capturing(self._capture).at_rest(stopped=False)
        if desired != found:
            self._folder.write_desired(desired)
        return desired

    def _bring_up(self, desired: Desired) -> EndpointStatus:
        try:
            answer = self._awaited(desired)
        except LeadscoreError:
            self._withdraw(desired)
            raise
        if desired.last_good != desired.release:
            self._folder.write_desired(desired.confirmed())
        return self._told(answer)

    def _awaited(self, desired: Desired) -> ServerStatus:
        """Wait until the server serves a release; start it where none runs and replace one that is silent."""
        self._leave_other_address()
        deadline = time.monotonic() + self._boot_seconds
        heard, launched = time.monotonic(), False
        while time.monotonic() < deadline:
            answer = self._server.answer()
            if answer:
                heard = time.monotonic()
                if _serves(answer, desired):
                    return answer
                if answer.error_generation == desired.generation:
                    raise PermanentError(f"generation {desired.generation} is not served: {answer.error}")
            elif self._server.find() is None:
                if launched:
                    raise PermanentError(f"the server of {self._server.address} ended: {self._server.log_tail()}")
                launched, heard = self._server.launch(), time.monotonic()
            elif time.monotonic() - heard > _SILENCE_SECONDS:
                self._server.end(grace_seconds=1.0)
                launched = False
            time.sleep(_POLL_SECONDS)
        raise TransientError(
            f"the server of {self._server.address} does not serve generation {desired.generation} after "
            f"{self._boot_seconds:.0f} s; see {self._folder.log_file}"
        )

    def _withdraw(self, desired: Desired) -> None:
        """Go back to what served last, and wait for it a moment; a server that is left with nothing is ended."""
        before = desired.withdrawn()
        self._folder.write_desired(before)
        answer, deadline = self._server.answer(), time.monotonic() + _SETTLE_SECONDS
        if not before.variants or (answer and not answer.generation):
            self._server.end(grace_seconds=_GRACE_SECONDS)
            return
        while answer and not _serves(answer, before) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            answer = self._server.answer()

    def _leave_other_address(self) -> None:
        """End a server that runs under the address or the name that the settings gave before."""
        record, answer = self._folder.record(), self._server.answer()
        moved = record and (record.host, record.port) != (self._server.host, self._server.port)
        if moved or (answer and answer.name != self._server.name):
            self._server.end(grace_seconds=_GRACE_SECONDS)

    def _placed(self, variants: Sequence[Variant]) -> list[Placed]:
        return [
            Placed(item.name, item.digest, item.version, item.weight, str(self._bundles.path(item.digest).absolute()))
            for item in variants
        ]

    def _told(self, answer: ServerStatus) -> EndpointStatus:
        return EndpointStatus(
            running=True,
            address=self._server.address,
            generation=answer.generation,
            variants=answer.variants,
            pid=answer.pid,
            error=answer.error,
            shadow=answer.shadow,
            salt=answer.salt,
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.prepare()
        lock = FileLock(self._folder.path / "deploy.lock", timeout=self._boot_seconds + _GRACE_SECONDS)
        try:
            with lock:
                yield
        except Timeout:
            raise TransientError(f"another deployment to {self._server.name} is under way; try again later") from None


def _variants(desired: Desired) -> tuple[Variant, ...]:
    return tuple(placed.variant for placed in desired.variants)


def _serves(answer: ServerStatus, desired: Desired) -> bool:
    """Tell whether every worker serves a release, and its shadow too where it has one."""
    shadow = desired.shadow.variant if desired.shadow else None
    told = (answer.generation, answer.variants, answer.shadow, answer.salt)
    if told != (desired.generation, _variants(desired), shadow, desired.salt):
        return False
    played = [worker for worker in answer.workers if worker.slot == SHADOW]
    return shadow is None or any(worker.generation == desired.generation for worker in played)
