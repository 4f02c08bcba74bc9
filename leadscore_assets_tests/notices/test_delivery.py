"""Notices from the step that puts them in to a real mail server and a real webhook, which are down first."""

import logging
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from leadscore_assets.domain import notice_words as words
from leadscore_assets.domain.notices import KINDS, Notice
from leadscore_assets.steps.delivering import deliver, deliveries, try_channel
from leadscore_assets.steps.notifying import announce, announce_news
from leadscore_assets_tests.notices.receivers import certificates, smtp_server, webhook
from leadscore_assets_tests.notices.site import HOOK, MAIL, NOON, WEEK, Site

# apprise imports it.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def every_kind() -> list[Notice]:
    """One notice of each kind, as the steps make them."""
    told = [
        words.retrained(WEEK, decision="promote", sentence="It is better.", evaluation="e1", at=NOON),
        words.drifted(WEEK, sentence="revenue moved.", report="r1", at=NOON),
        words.promotion_coming(7, moves=NOON + timedelta(days=1), why="It was approved.", at=NOON, key="d7"),
        words.promoted(7, reason="its proof is whole", at=NOON, key="p"),
        words.rolled_back(7, reason="errors rose", at=NOON, key="p"),
        words.gate_failed("weekly_leads_have_few_outliers", WEEK, reasons="Many.", stops=False, at=NOON, key="g"),
        words.run_failed("run-1", "weekly_job", week="2026-01-12", problem="no space", at=NOON),
        words.sensor_silent("rollout_sensor", last=NOON, expected=NOON, at=NOON),
        Notice("alarm", "The release needs a look", "The endpoint did not follow.", NOON, "alarm:1"),
        words.weekly_report(WEEK, headline="one model trained", summary="It is better.", at=NOON),
    ]
    assert {item.kind for item in told} == set(KINDS)
    return told


def test_every_kind_arrives_once_on_every_channel_though_both_are_down_first(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    platform, told = site.platform, every_kind()
    for _ in range(2):
        for item in told:
            assert announce(platform, item) == []
    with caplog.at_level(logging.WARNING):
        down = deliver(platform)
    assert down.sent == 0
    assert len(down.problems) == 2
    assert "not delivered by env:TEST_NOTICE_MAIL, tried again later" in caplog.text
    assert deliver(platform).sent == 0

    site.up()
    site.clock.on(hours=1)
    assert deliver(site.platform) == replace(down, sent=20, problems=())
    assert deliver(site.platform).sent == 0

    subjects = sorted(item.subject for item in told)
    assert sorted(str(message["subject"]) for message in site.box.messages) == subjects
    assert sorted(body["title"] for body in site.hook.bodies) == subjects
    assert {body["kind"] for body in site.hook.bodies} == set(KINDS)
    assert site.box.encrypted == [True] * 10
    assert len({message["message-id"] for message in site.box.messages}) == 10
    keys = [headers["Idempotency-Key"] for headers in site.hook.headers]
    assert keys == [body["key"] for body in site.hook.bodies]
    assert len(set(keys)) == 10
    assert len(platform.ledger.records(action="notified")) == 20
    assert deliveries(platform, limit=99, open_only=True) == []


def test_one_channel_that_is_down_holds_up_no_other(site: Site) -> None:
    site.running.enter_context(webhook(site.hook, site.hook_port))
    for item in every_kind()[:3]:
        announce(site.platform, item)
    found = deliver(site.platform)
    assert (found.sent, len(found.problems)) == (3, 1)
    assert len(site.hook.bodies) == 3


def test_a_second_try_has_the_same_message_id_and_a_server_that_refuses_is_quoted(site: Site) -> None:
    announce(site.platform, every_kind()[4])
    site.up()
    site.box.refusal, site.hook.status = "451 greylisted", 503
    problems = deliver(site.platform).problems
    assert any("451 greylisted" in item for item in problems)
    assert any("error=503" in item for item in problems)
    references = [item.letter for item in deliveries(site.platform, limit=9)]
    site.box.refusal, site.hook.status = "", 200
    site.clock.on(minutes=1)
    assert deliver(site.platform).sent == 2
    assert len(references) == 2
    assert [item.attempts for item in deliveries(site.platform, limit=9)] == [2, 2]


def test_a_notice_with_an_e_mail_address_of_a_lead_is_scrubbed_before_it_is_stored(site: Site) -> None:
    leak = words.run_failed("r", "weekly_job", week="", problem="bad row: jane.doe@lead.example, lead_id=L77", at=NOON)
    announce(site.platform, leak)
    stored = (site.home.path / "ledger.db").read_bytes()
    assert b"jane.doe" not in stored
    assert b"L77" not in stored
    site.up()
    assert deliver(site.platform).sent == 2
    assert "[e-mail address]" in site.hook.bodies[0]["message"]
    assert "[e-mail address]" in site.box.messages[0].get_content()


def test_a_subject_cannot_add_a_header(site: Site) -> None:
    site.up()
    announce(site.platform, Notice("alarm", "a\r\nBcc: eve@evil.example\n\nbody", "t\r\nBcc: x", NOON, "k"))
    assert deliver(site.platform).sent == 2
    [message] = site.box.messages
    assert message["bcc"] is None
    assert message["subject"] == "a Bcc: [e-mail address] body"


def test_a_server_without_tls_or_with_another_name_gets_no_mail(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(site.platform, every_kind()[0])
    with smtp_server(site.box, site.mail_port, site.context, tls=False):
        assert "STARTTLS extension not supported" in " ".join(deliver(site.platform).problems)
    (tmp_path / "other").mkdir()
    stranger, _ = certificates(tmp_path / "other")
    monkeypatch.setenv("SSL_CERT_FILE", str(stranger))
    site.clock.on(hours=2)
    with smtp_server(site.box, site.mail_port, site.context):
        assert "certificate verify failed" in " ".join(deliver(site.platform).problems)
    assert site.box.messages == []


def test_a_digest_is_one_message_a_day_and_urgent_kinds_do_not_wait(site: Site) -> None:
    site.up()
    platform = site.ruled(digests=(("retrained", "drift"),), digest_hour=7, quiet_hours=(22, 23))
    told = every_kind()
    for item in (told[0], told[1], told[4]):
        announce(platform, item)
    deliver(platform)
    assert [body["kind"] for body in site.hook.bodies] == ["rolled_back"]
    site.clock.on(hours=18)
    deliver(platform)
    assert len(site.hook.bodies) == 1
    site.clock.on(hours=1)
    deliver(platform)
    deliver(platform)
    assert [body["title"] for body in site.hook.bodies[1:]] == ["Lead scoring: 2 notices of the day"]
    assert len(site.box.messages) == 2


def test_in_quiet_hours_only_what_is_urgent_goes(site: Site) -> None:
    site.up()
    platform = site.ruled(quiet_hours=(11, 12, 13))
    for item in (every_kind()[0], every_kind()[8]):
        announce(platform, item)
    deliver(platform)
    assert [body["kind"] for body in site.hook.bodies] == ["alarm"]
    site.clock.on(hours=2)
    deliver(platform)
    assert [body["kind"] for body in site.hook.bodies] == ["alarm", "retrained"]


def test_a_channel_that_stays_away_is_given_up_and_the_notice_stands_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    platform = site.ruled(give_up_hours=2, first_wait_minutes=60)
    announce(platform, every_kind()[0])
    for _ in range(5):
        deliver(platform)
        site.clock.on(hours=1)
    assert {item.state for item in deliveries(platform, limit=9)} == {"given up"}
    assert "It is better. [not delivered by env:TEST_NOTICE_HOOK, given up" in caplog.text


def test_an_outbox_that_is_gone_fails_no_step_and_the_log_has_the_notice(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    (site.home.path / "ledger.db").mkdir()
    [problem] = announce(site.platform, every_kind()[4])
    assert "is in the log alone" in problem
    assert "errors rose" in caplog.text


def test_history_that_is_worked_through_again_is_told_to_nobody(site: Site) -> None:
    announce_news(site.platform, date(2025, 1, 6), every_kind()[1])
    assert deliveries(site.platform, limit=9) == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mailto://mail.example:25?from=a@b.example&to=c@d.example&mode=insecure", "plain text"),
        ("mailtos://127.0.0.1?from=a@b.example&to=c@d.example&verify=no", "verify=no"),
        ("mailtos://127.0.0.1?from=a@b.example&to=c@d.example,e@f.example", "names 2 receivers"),
        ("json://hooks.example/secret", "plain text"),
        ("jsons://hooks.example/secret?verify=no", "verify=no"),
        ("nothing://x/secret", "no address that apprise knows"),
        ("", "holds 0 addresses"),
    ],
)
def test_an_unsafe_address_is_refused_and_never_quoted(
    site: Site, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    monkeypatch.setenv("TEST_NOTICE_HOOK", address)
    announce(site.platform, every_kind()[0])
    [problem] = [item for item in deliver(site.platform).problems if HOOK in item]
    assert said in problem
    assert "secret" not in problem
    assert "MEND notices" in site.home.cli("doctor", code=1).out


def test_the_command_line_lists_sends_and_tries(site: Site) -> None:
    site.up()
    site.home.cli("notices", "test", HOOK)
    assert site.hook.bodies[0]["title"] == "Lead scoring: a trial"
    announce(site.platform, every_kind()[0])
    listed = site.home.cli("notices", "list", "--waiting", "--json").json
    assert [item["channel"] for item in listed] == [HOOK, MAIL]
    assert site.home.cli("notices", "send", "--early", "--json").json == {"sent": 2, "problems": []}
    assert "delivered" in site.home.cli("notices", "list").out
    assert "is not in [notices]" in site.home.cli("notices", "test", "env:OTHER", code=1).error
    site.down()
    assert "did not take the notice" in site.home.cli("notices", "test", HOOK, code=1).error


def test_a_channel_takes_the_kinds_that_it_is_given(site: Site) -> None:
    path = site.home.path / "leadscore.toml"
    path.write_text(f'{path.read_text()}kinds = {{ "{MAIL}" = ["alarm"] }}\n')
    for item in every_kind():
        announce(site.platform, item)
    found = deliveries(site.platform, limit=99)
    assert [item.kinds for item in found if item.channel == MAIL] == [("alarm",)]
    assert sum(item.channel == HOOK for item in found) == len(KINDS)


def test_an_address_in_a_file_is_read_at_each_notice(site: Site, tmp_path: Path) -> None:
    secret = tmp_path / "address"
    path = site.home.path / "leadscore.toml"
    path.write_text(path.read_text().replace(HOOK, f"file:{secret}"))
    channel: Callable[[], None] = lambda: try_channel(site.platform, f"file:{secret}")  # noqa: E731
    with pytest.raises(Exception, match="put its address into that file"):
        channel()
    secret.write_text(f"json://127.0.0.1:{site.hook_port}/new\n")
    site.up()
    channel()
    assert len(site.hook.bodies) == 1


def test_pythons_own_default_would_verify_nothing() -> None:
    assert ssl._create_stdlib_context().verify_mode == ssl.CERT_NONE
    assert ssl.create_default_context().check_hostname
