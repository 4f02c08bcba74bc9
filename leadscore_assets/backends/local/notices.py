"""Notices on one machine: a line in the log each."""

import logging

from leadscore_assets.domain.notices import Notice

log = logging.getLogger("leadscore_assets.notices")


class LogNotifier:
    """Writes every notice as one line."""

    def send(self, notice: Notice) -> None:
        """Write a notice; whatever it holds, it is one line."""
        text = " ".join(f"{notice.subject}: {notice.text}".split())
        log.warning("%s (%s): %s", notice.kind, f"{notice.at:%Y-%m-%d %H:%M} UTC", text)
