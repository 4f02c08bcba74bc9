"""Alarms as notices: once, and never in anybody's way."""

import logging
from dataclasses import replace

import pytest

from leadscore_assets.backends.local.notices import LogNotifier
from leadscore_assets.domain.errors import TransientError
from leadscore_assets.domain.notices import Notice
from leadscore_assets.domain.release_events import Action
from leadscore_assets.steps.notifying import notify
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_records import tell
from leadscore_assets.steps.releasing import release

ALARM = Action("alarm", "the endpoint did not follow")


class Busy:
    """A notifier whose service is not reached."""

    def send(self, notice: Notice) -> None:
        raise TransientError("nobody is reached; try again")


def test_an_alarm_is_told_once_and_a_notifier_that_fails_is_a_sentence(
    on_champion: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    release(on_champion)
    status = on_champion.endpoint.status()
    problems = tell(replace(on_champion, notifier=Busy()), status, (ALARM,))
    assert problems == [
        'nobody was sent the notice "The lead scorer\'s release needs a look (champion)": nobody is reached; try again'
    ]
    told = replace(on_champion, notifier=LogNotifier())
    with caplog.at_level(logging.WARNING, "leadscore_assets.notices"):
        assert tell(told, status, (ALARM,)) == []
        assert tell(told, status, (ALARM,)) == []
    [record] = [item for item in caplog.records if item.name == "leadscore_assets.notices"]
    assert record.getMessage().endswith("release needs a look (champion): the endpoint did not follow")
    assert len(on_champion.ledger.records(action="alarmed")) == 1


def test_without_a_notifier_nobody_is_told(on_leads: Platform) -> None:
    notice = Notice("drift", "s", "t", on_leads.now(), "k")
    assert notify(on_leads, notice) == []
    assert notify(replace(on_leads, notifier=Busy()), notice)
