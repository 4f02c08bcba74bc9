"""Signed links: only what was made here counts, unchanged, in its time."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.approval_link import Invitation, opened, sealed
from leadscore_assets.domain.errors import Refused

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET, OTHER = "5e" * 32, "5f" * 32
LINK = Invitation(7, "a" * 64, "business", "ben", NOW + timedelta(hours=24), "c0" * 16)
CHANGED = {
    "version": 8,
    "digest": "b" * 64,
    "role": "ml_lead",
    "who": "eve",
    "expires": (NOW + timedelta(days=900)).isoformat(),
    "nonce": "c1" * 16,
}


def test_a_link_says_what_it_was_made_of_until_it_expires():
    assert opened(sealed(LINK, SECRET), SECRET, NOW) == LINK
    with pytest.raises(Refused, match="expired at 2026-03-03 12:00"):
        opened(sealed(LINK, SECRET), SECRET, LINK.expires)


@pytest.mark.parametrize("name", CHANGED)
def test_no_field_can_be_changed(name):
    payload, _, seal = sealed(LINK, SECRET).partition(".")
    content = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    content[name] = CHANGED[name]
    forged = urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    with pytest.raises(Refused, match="was changed"):
        opened(f"{forged}.{seal}", SECRET, NOW)


@given(st.data())
def test_no_character_can_be_changed(data):
    token = sealed(LINK, SECRET)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda letter: letter != token[at]))
    with pytest.raises(Refused):
        opened(token[:at] + other + token[at + 1 :], SECRET, NOW)


@given(st.text(max_size=3000))
def test_any_other_text_is_refused(text):
    with pytest.raises(Refused):
        opened(text, SECRET, NOW)


def test_another_secret_and_none_at_all_open_nothing():
    for secret in (OTHER, ""):
        with pytest.raises(Refused, match="not made here"):
            opened(sealed(LINK, SECRET), secret, NOW)
    with pytest.raises(Refused):
        opened(sealed(replace(LINK, who="eve"), ""), "", NOW)
