"""Notifying: what people are to hear is put in the outbox by the step that decided, once, and nothing waits for it.

Nothing fails by it either: where the outbox cannot be used the notice stands in the log.
"""

import logging
from datetime import date

from leadscore_assets.domain.errors import LeadscoreError
from leadscore_assets.domain.notice_timing import is_news, posting
from leadscore_assets.domain.notices import Notice
from leadscore_assets.domain.scrubbing import scrubbed
from leadscore_assets.steps.platform import Platform

log = logging.getLogger("leadscore_assets.notices")


def announce(platform: Platform, notice: Notice) -> list[str]:
    """Put a notice in the outbox unless one of its key was; return why it is in the log alone, else nothing.

    Lead data and secrets are taken out before it is stored. It is sent later, by whoever delivers.
    """
    if platform.outbox is None:
        return []
    clean = scrubbed(notice, platform.contract)
    channels = [name for name, channel in platform.channels.items() if channel.takes(clean.kind)]
    place = posting(clean, platform.policy.notices, platform.now())
    try:
        platform.outbox.put(clean, letter=place.letter, due=place.due, channels=channels)
    except LeadscoreError as error:
        log.warning("%s", clean.line)
        return [f'the notice "{clean.subject}" is in the log alone: {error}']
    return []


def announce_news(platform: Platform, week: date, notice: Notice) -> list[str]:
    """Put in a notice about a decision on a week, unless the week is history that is worked through again."""
    return announce(platform, notice) if is_news(week, platform.policy.notices, platform.today()) else []
