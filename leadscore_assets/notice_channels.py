"""The channels of a home, as its settings name them: which adapter each one is, and how it is looked at."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from leadscore_assets.aws_account import open_account
from leadscore_assets.backends.ports import Channel, Notifier
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.settings import Settings

if TYPE_CHECKING:
    from leadscore_assets.backends.messages.posting import AppriseNotifier


def channels_of(settings: Settings) -> dict[str, Channel]:
    """Return a home's channels; addresses are read when a notice is sent, and nothing is connected before."""
    rules = settings.values.notices
    return {name: Channel(_notifier(settings, name), rules.kinds.get(name)) for name in settings.values.told_by}


def channel_problems(settings: Settings) -> list[str]:
    """Return which channels could not be used now, one sentence each; nothing is sent."""
    problems = []
    for look in _looks(settings):
        try:
            look()
        except InvalidInput as error:
            problems.append(f"{error}")
    return problems


def _looks(settings: Settings) -> list[Callable[[], None]]:
    names = [name for name in settings.values.told_by if name not in ("log", "sns")]
    return [_posting(settings, name).check for name in names]


def _notifier(settings: Settings, name: str) -> Notifier:
    if name == "log":
        from leadscore_assets.backends.local.notices import LogNotifier

        return LogNotifier()
    if name == "sns":
        from leadscore_assets.backends.aws.notices import SnsNotifier

        aws = settings.values.aws
        if aws is None or aws.topic is None:
            raise InvalidInput("channel sns needs a topic; write its ARN as topic in the [aws] section")
        return SnsNotifier(open_account(aws), aws.topic)
    return _posting(settings, name)


def _posting(settings: Settings, name: str) -> "AppriseNotifier":
    from leadscore_assets.backends.messages.posting import AppriseNotifier

    return AppriseNotifier(name, lambda: settings.address_of(name))
