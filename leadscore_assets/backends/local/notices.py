"""Notices on one machine: a line in the log each."""

import logging
from pathlib import Path

from leadscore_assets.domain.notices import Notice

log = logging.getLogger("leadscore_assets.notices")


class LogNotifier:
    """Writes every notice as one line."""

    def send(self, notice: Notice, *, page: Path | None = None) -> None:  # noqa: ARG002
        """Write a notice; whatever it holds, it is one line."""
        log.warning("%s", notice.line)
