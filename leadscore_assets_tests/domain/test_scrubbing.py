"""The scrubber: no lead data and no secret leaves in a notice, and the figures of a notice stay."""

import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.contract import Contract, Feature
from leadscore_assets.domain.notices import Notice
from leadscore_assets.domain.scrubbing import LEAD, MAIL, PHONE, SECRET, scrub, scrubbed

CONTRACT = Contract(
    features=(
        Feature(name="employees", kind="integer"),
        Feature(name="contact_name", kind="categorical", levels=("a",), pii=True),
    )
)
WORDS = st.text(string.ascii_letters + " .,;:()!?\n", max_size=40)
LOCAL = st.text(string.ascii_letters + string.digits + "._%+-", min_size=1, max_size=20)
DOMAIN = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z]\.[a-z]{2,6}", fullmatch=True)
DIGIT = st.sampled_from(string.digits)
SEPARATOR = st.sampled_from([" ", "-", ".", "/", " / "])


@given(WORDS, LOCAL, DOMAIN, WORDS)
def test_no_e_mail_address_is_left(before: str, local: str, domain: str, after: str) -> None:
    address = f"{local}@{domain}"
    found = scrub(f"{before} {address} {after}", CONTRACT)
    assert "@" not in found
    assert MAIL in found


@st.composite
def telephones(draw: st.DrawFn) -> str:
    """A number as people write it: dialled with + or 0, in at least two groups behind."""
    groups = draw(st.lists(st.text("123456789", min_size=2, max_size=4), min_size=2, max_size=4))
    prefix = draw(st.sampled_from(["+49 ", "+1-", "0", "00", "(0"]))
    first = draw(st.text("123456789", min_size=2, max_size=3)) + (")" if prefix == "(0" else "")
    return prefix + first + "".join(draw(SEPARATOR) + group for group in groups)


@given(WORDS, telephones(), WORDS)
def test_no_telephone_number_is_left(before: str, number: str, after: str) -> None:
    found = scrub(f"{before} call {number} {after}", CONTRACT)
    assert number not in found
    assert not any(letter.isdigit() for letter in found)


@given(st.text(string.ascii_letters + string.digits + "-_#", min_size=1, max_size=20), WORDS)
def test_a_known_key_of_a_lead_is_taken_out_wherever_it_stands_alone(key: str, words: str) -> None:
    found = scrub(f"lead ({key}) was late. {words}", CONTRACT, known=[key])
    assert f"({key})" not in found or key == "lead"
    assert LEAD in found


@given(st.text(string.ascii_letters + string.digits, min_size=3, max_size=20), DOMAIN)
def test_no_password_of_an_address_is_left(password: str, domain: str) -> None:
    secret = f"{password}#%7E9q"
    for address in (f"postgresql://ada:{secret}@{domain}/x", f"https://{domain}/x?token={secret}", f"pwd = '{secret}'"):
        assert secret not in scrub(f"cannot reach {address}", CONTRACT)


@given(st.text(max_size=200))
def test_any_text_is_scrubbed_and_a_second_time_changes_nothing(text: str) -> None:
    once = scrub(text, CONTRACT)
    assert scrub(once, CONTRACT) == once


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lead_id=abc-9 failed", f"lead_id={LEAD} failed"),
        ("contact_name: 'Ada Byron', employees: 12", f"contact_name: {LEAD}, employees: 12"),
        ("Contact_Name is Ada", f"Contact_Name is {LEAD}"),
        ("call 555-123-4567", f"call {PHONE}"),
        ("4915112345678", PHONE),
        ("see https://hooks.slack.com/services/T0/B0/xyz", f"see https://hooks.slack.com/{SECRET}"),
        ("key AKIAABCDEFGHIJKLMNOP", f"key {SECRET}"),
        ("Authorization: Bearer abcdefghijkl", f"Authorization: Bearer {SECRET}"),
        ('"a b"@mail.example', MAIL),
    ],
)
def test_what_is_taken_out_leaves_a_word_for_it(text: str, told: str) -> None:
    assert scrub(text, CONTRACT) == told


@pytest.mark.parametrize(
    "text",
    [
        "Spearman on 1,470 test rows is 0.6123; the floor is 0.3.",
        "gain 0.0123456 (0.0112 to 0.0234), 12345678 rows",
        "a gain of -0.0026 (90 % interval -0.0134 to +0.0081); shrunken -0.0010 (-0.0125 to +0.0105)",
        "a lift of +1.7306 (90 % interval +1.2 to +2.3)",
        "a measured gain of 0.0362 (90 % interval 0.0134 to 0.0581)",
        "week 2026-01-05 from 2026-01-01 12:30 UTC to 2026-01-07T23:59:59.5+00:00.",
        "version 12 at 127.0.0.1:8321, run 0a1b2c3d-1234-5678-9012-123456789012",
        "bundle 0123456789ab, 95.5 % and 13 of 50",
    ],
)
def test_the_figures_of_a_notice_stay(text: str) -> None:
    assert scrub(text, CONTRACT) == text


def test_two_keys_that_differ_in_what_is_taken_out_stay_two() -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    one, two = (scrubbed(Notice("drift", "s", "t", at, f"lead:{name}@x.example"), CONTRACT) for name in ("ada", "bob"))
    assert one.key != two.key
    assert "@" not in one.key + two.key
    assert scrubbed(Notice("drift", "s", "t", at, "drift:2026-01-05:ab"), CONTRACT).key == "drift:2026-01-05:ab"
