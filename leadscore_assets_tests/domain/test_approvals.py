"""What people said to a release, and what it comes to: nothing lets a version through that it should not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from leadscore_assets.domain.approval_policy import ROLES, ApprovalPolicy
from leadscore_assets.domain.approvals import Approval, Question, clearance, objection, one_line, person, standing
from leadscore_assets.domain.policy import policy_from
from leadscore_assets.domain.release_state import Model

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SEVEN, EIGHT = Model("a" * 64, 7), Model("b" * 64, 8)
BOTH = ApprovalPolicy(preset="both_roles", notice_hours=0)
HOLDERS = {"ml_lead": ("ann", "cat"), "business": ("ben", "cat")}
PEOPLE = ("ann", "Ann ", "ann (Dagster UI)", "ben", "cat", "dan", "eve")


def word(role="ml_lead", who="ann", decision="approved", *, model=SEVEN, hours=0.0, **more) -> Approval:
    at = NOW - timedelta(hours=hours)
    return Approval(model.version, model.digest, role, who, decision, at, expires=at + timedelta(hours=168), **more)


def question(rules=BOTH, *, model=SEVEN, launchers=("eve",), holders=HOLDERS) -> Question:
    return Question(model, rules.roles, rules, holders, launchers)


said = st.lists(
    st.builds(
        word,
        st.sampled_from(ROLES),
        st.sampled_from(PEOPLE),
        st.sampled_from(["approved", "withdrawn", "declined"]),
        model=st.sampled_from([SEVEN, EIGHT, Model(SEVEN.digest, 8), Model(EIGHT.digest, 7)]),
        hours=st.floats(0, 400),
    ),
    max_size=12,
)


@given(
    said,
    st.builds(
        ApprovalPolicy,
        roles=st.sampled_from([ROLES, ROLES[:1], ROLES[1:]]),
        two_people=st.booleans(),
        launcher_may_approve=st.booleans(),
        expires_hours=st.sampled_from([1.0, 100.0, 168.0]),
    ),
    st.sets(st.sampled_from(PEOPLE)),
)
def test_no_words_let_a_version_through_without_every_role_agreeing_now(words, rules, launchers):
    asked = question(rules, launchers=tuple(launchers))
    found = standing(words, asked, NOW)
    last = {(item.role, item.person): item for item in words if Model(item.digest, item.version) == SEVEN}
    for item in found.given:
        assert last[item.role, item.person] is item
        assert item.decision == "approved"
        assert item.at + timedelta(hours=rules.expires_hours) > NOW
        assert item.person in HOLDERS[item.role]
        assert rules.launcher_may_approve or item.person not in {person(name) for name in launchers}
    people = [item.person for item in found.given]
    assert not rules.two_people or len(set(people)) == len(people)
    assert {item.role for item in found.given} | set(found.missing) == set(rules.roles)
    assert found.enough == (
        len(found.given) == len(rules.roles) and "declined" not in {w.decision for w in last.values()}
    )
    step = clearance(found, version=7, announced=None, rules=rules, now=NOW).step
    assert (step == "go") == found.enough


@given(said)
def test_an_approval_that_nothing_speaks_against_counts_and_one_that_is_objected_to_does_not(words):
    asked = question()
    for role, who in (("ml_lead", "ann"), ("business", "ben"), ("ml_lead", "ben"), ("ml_lead", "eve")):
        why = objection(words, asked, role=role, who=who, now=NOW)
        after = standing([*words, word(role, who)], asked, NOW)
        mine = [item for item in after.given if (item.role, item.person) == (role, who)]
        assert bool(mine) or bool(why) or any(item.role == role for item in after.given)


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ([], ("ml_lead", "business")),
        ([word(), word("business", "ben")], ()),
        ([word(), word("business", "ben", model=EIGHT)], ("business",)),
        ([word(), word("business", "ben", hours=168)], ("business",)),
        ([word(), word("business", "ben"), word("business", "ben", "withdrawn")], ("business",)),
        ([word("ml_lead", "cat"), word("business", "cat")], ("business",)),
        ([word("ml_lead", "cat"), word("business", "cat"), word("business", "ben")], ()),
        ([word(), word("business", "dan")], ("business",)),
    ],
    ids=["nobody", "both", "another bundle", "expired", "withdrawn", "one person", "and another", "no holder"],
)
def test_each_role_needs_its_own_person_and_a_word_that_counts(words, missing):
    found = standing(words, question(), NOW)
    assert len(found.missing) == len(missing)
    assert found.enough == (not missing)


def test_each_objection_says_what_to_do():
    asked = question()
    assert "ann, cat may" in objection([], asked, role="ml_lead", who="dan", now=NOW)
    own = question(holders={})
    assert "let another person approve" in objection([], own, role="ml_lead", who="Eve (Dagster UI)", now=NOW)
    assert "two people" in objection([word("ml_lead", "cat")], asked, role="business", who="cat", now=NOW)
    alone = question(ApprovalPolicy(preset="ml_lead"))
    assert "asks for ml_lead" in objection([], alone, role="business", who="ben", now=NOW)


def test_the_notice_period_begins_with_the_announcement_and_a_clock_that_goes_back_shortens_nothing():
    rules = ApprovalPolicy(preset="both_roles")
    found = standing([word(), word("business", "ben")], question(rules), NOW)

    def step(announced, now):
        return clearance(found, version=7, announced=announced, rules=rules, now=now).step

    assert step(None, NOW) == "announce"
    assert step(NOW, NOW - timedelta(days=30)) == "notice"
    assert step(NOW, NOW + timedelta(hours=23, minutes=59)) == "notice"
    assert step(NOW, NOW + timedelta(hours=24)) == "go"


def test_a_policy_that_nobody_could_meet_is_refused_with_the_remedy():
    with pytest.raises(ValidationError, match="every approval would expire"):
        ApprovalPolicy(notice_hours=10, expires_hours=5)
    with pytest.raises(ValidationError, match="stands twice"):
        ApprovalPolicy(roles=("business", "business"))
    with pytest.raises(ValidationError, match="retired before it sets off"):
        policy_from({"approval": {"notice_hours": 48}, "release": {"wait_days": 2}})


def test_a_comment_is_one_line_and_names_are_compared_as_people():
    assert one_line(" a\n\x00b " + "c" * 900).startswith("a b ccc")
    assert len(one_line("c" * 900)) == 500
    assert {person(name) for name in PEOPLE[:3]} == {"ann"}
