"""Follows the desired state: a thread that loads what is new off the request path and then swaps one reference."""

import logging
import threading

from leadscore_assets.domain.errors import LeadscoreError
from leadscore_assets.serving.desired import Desired, Release
from leadscore_assets.serving.folder import Signature, StateFolder
from leadscore_assets.serving.models import Live, Serving, opened

POLL_SECONDS = 0.1
log = logging.getLogger(__name__)


class Watcher(threading.Thread):
    """Looks at the desired state ten times a second until it is told to stop."""

    def __init__(self, folder: StateFolder, live: Live) -> None:
        super().__init__(name="desired-state", daemon=True)
        self._folder = folder
        self._live = live
        self._seen: Signature | None = None
        self._ended = threading.Event()

    def run(self) -> None:
        """Look until stopped."""
        while not self._ended.is_set():
            self.look()
            self._ended.wait(POLL_SECONDS)

    def stop(self) -> None:
        """End the thread after the look in progress."""
        self._ended.set()
        self.join()

    def look(self) -> None:
        """Bring what is served in line with the desired state; an error leaves the old models serving."""
        signature = self._folder.signature()
        if signature == self._seen:
            return
        self._seen = signature
        desired = self._read()
        if desired is None or desired.release in (Release(), self._release):
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
            serving = opened(release, now=self._live.serving)
        except LeadscoreError as error:
            self._note(str(error), generation=release.generation)
            return False
        except Exception as error:  # noqa: BLE001 - whatever a new bundle does, the old models go on serving
            self._note(f"a bundle does not load: {type(error).__name__}: {error}", generation=release.generation)
            return False
        self._live.serving = serving
        if not keep_error:
            self._live.error = self._live.error_generation = None
        log.info("serving generation %d: %s", serving.generation, _described(serving))
        return True

    def _note(self, message: str, *, generation: int | None) -> None:
        self._live.error, self._live.error_generation = message, generation
        log.error("generation %s is not served: %s", generation, message)


def _described(serving: Serving) -> str:
    shown = [
        f"{model.placed.name} version {model.placed.version} ({model.placed.digest[:12]})" for model in serving.models
    ]
    return ", ".join(shown)
