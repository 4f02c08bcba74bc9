"""Follows the desired state: a thread that loads what is new off the request path and then swaps one reference."""

import logging
import threading
from collections.abc import Callable, Sequence

from leadscore_assets.domain.errors import LeadscoreError
from leadscore_assets.serving.desired import Desired, Release
from leadscore_assets.serving.folder import Signature, StateFolder
from leadscore_assets.serving.models import Live, Model, Serving, opened

POLL_SECONDS = 0.05
log = logging.getLogger(__name__)
Chore = Callable[[], object]
Opening = Callable[..., Serving]


def _nothing(_: object) -> None:
    """Do nothing."""


class Watcher(threading.Thread):
    """Looks at the desired state twenty times a second until it is told to stop, and does its chores in between.

    `on_state` hears of every desired state, `on_swap` of a release that is about to serve.
    """

    def __init__(
        self,
        folder: StateFolder,
        live: Live,
        *,
        opening: Opening = opened,
        on_state: Callable[[Desired], None] = _nothing,
        on_swap: Callable[[Serving], None] = _nothing,
        chores: Sequence[Chore] = (),
    ) -> None:
        super().__init__(name="desired-state", daemon=True)
        self._folder = folder
        self._live = live
        self._opening = opening
        self._on_state = on_state
        self._on_swap = on_swap
        self._chores = chores
        self._seen: Signature | None = None
        self._ended = threading.Event()

    def run(self) -> None:
        """Look until stopped."""
        while not self._ended.wait(POLL_SECONDS):
            self.look()
            for chore in self._chores:
                try:
                    chore()
                except Exception as error:  # noqa: BLE001 - the thread's entry point: one failed chore ends no other
                    log.error("a chore failed with %s: %s", type(error).__name__, error)

    def stop(self) -> None:
        """End the thread after the look in progress."""
        self._ended.set()
        if self.is_alive():
            self.join()

    def look(self) -> None:
        """Bring what is served in line with the desired state; an error leaves the old models serving."""
        try:
            signature = self._folder.signature()
            if signature == self._seen:
                return
            desired = self._read()
        except OSError as error:
            # No file can be opened now; the next look tries again.
            log.error("the desired state cannot be read: %s", error.strerror)
            return
        self._seen = signature
        if desired is None:
            return
        self._on_state(desired)
        if desired.release in (Release(), self._release):
            return
        if not self._serve(desired.release) and self._live.serving is None and desired.last_good:
            self._serve(desired.last_good, keep_error=True)

    @property
    def _release(self) -> Release | None:
        return self._live.serving.release if self._live.serving else None

    def _read(self) -> Desired | None:
        try:
            return self._folder.desired()
        except LeadscoreError as error:
            self._note(str(error), generation=None)
            return None

    def _serve(self, release: Release, *, keep_error: bool = False) -> bool:
        try:
            serving = self._opening(release, now=self._live.serving)
        except LeadscoreError as error:
            self._note(str(error), generation=release.generation)
            return False
        except Exception as error:  # noqa: BLE001 - whatever a new bundle does, the old models go on serving
            self._note(f"a bundle does not load: {type(error).__name__}: {error}", generation=release.generation)
            return False
        self._on_swap(serving)
        self._live.serving = serving
        if not keep_error:
            self._live.error = self._live.error_generation = None
        log.info("serving generation %d: %s", serving.generation, _described(serving))
        return True

    def _note(self, message: str, *, generation: int | None) -> None:
        self._live.error, self._live.error_generation = message, generation
        log.error("generation %s is not served: %s", generation, message)


def _described(serving: Serving) -> str:
    return ", ".join(_shown(model) for model in serving.models) or "nothing"


def _shown(model: Model) -> str:
    placed, engine = model.placed, model.scorer.engine
    return f"{placed.name} version {placed.version} ({placed.digest[:12]}) by {engine}"
