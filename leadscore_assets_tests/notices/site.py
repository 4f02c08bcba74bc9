"""A home whose notices go to a mail server and a webhook of a test's own, by a clock that the test holds."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from leadscore_assets.domain.policy import Policy
from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import Home, free_port, made_home, policy_with
from leadscore_assets_tests.notices.receivers import Hook, Mailbox, certificates, smtp_server, webhook

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
WEEK = date(2026, 1, 12)
MAIL, HOOK = "env:TEST_NOTICE_MAIL", "env:TEST_NOTICE_HOOK"


class Clock:
    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment

    def on(self, **passed: float) -> None:
        self.moment += timedelta(**passed)


class Site:
    """A home whose notices go to a mail server and a webhook of the test's own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.box, self.hook = Clock(), Mailbox(), Hook()
        self.mail_port, self.hook_port = free_port(), free_port()
        authority, self.context = certificates(folder)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        receiver = "?from=scorer@site.example&to=ada@site.example"
        monkeypatch.setenv("TEST_NOTICE_MAIL", f"mailtos://127.0.0.1:{self.mail_port}{receiver}")
        monkeypatch.setenv("TEST_NOTICE_HOOK", f"json://127.0.0.1:{self.hook_port}/hook")
        self.home: Home = made_home(folder / "home", weeks=())
        path = self.home.path / "leadscore.toml"
        path.write_text(f'{path.read_text()}\n[notices]\nchannels = ["{MAIL}", "{HOOK}"]\n')
        self.running = ExitStack()

    @property
    def platform(self) -> Platform:
        return self.home.platform(now=self.clock)

    def ruled(self, **rules: object) -> Platform:
        policy: Policy = policy_with(self.platform.policy, "notices", **rules)
        return replace(self.platform, policy=policy)

    def up(self) -> None:
        self.running.enter_context(smtp_server(self.box, self.mail_port, self.context))
        self.running.enter_context(webhook(self.hook, self.hook_port))

    def down(self) -> None:
        self.running.close()
