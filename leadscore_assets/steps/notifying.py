"""Notifying: people are told once what happened, and nothing waits for it or fails by it."""

from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import LeadscoreError
from leadscore_assets.domain.notices import Notice
from leadscore_assets.steps.platform import Platform


def notify(platform: Platform, notice: Notice) -> list[str]:
    """Send a notice unless one of its key was sent; return why it was not sent, one sentence, else nothing.

    Killed after sending and before it is noted, the same notice is sent again at the next try.
    """
    if platform.notifier is None:
        return []
    path = f"notices/{digest_of(notice.key)[:32]}.json"
    try:
        if platform.lake.read_json(path) is None:
            platform.notifier.send(notice)
            platform.lake.write_json(path, notice.to_json())
    except LeadscoreError as error:
        return [f'nobody was sent the notice "{notice.subject}": {error}']
    return []
