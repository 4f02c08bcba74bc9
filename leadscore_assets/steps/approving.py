"""Approving: a person's word is recorded, and a release that has all of its words is announced, waits, and sets off.

Nothing waits here: words and announcements stand in the ledger, and the next look works out again what they come to.
Killed anywhere, it ends in the same place.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from secrets import token_hex

from leadscore_assets.domain.approvals import Approval, Clearance, Standing, Word, objection, one_line, person, standing
from leadscore_assets.domain.errors import InvalidInput, Refused
from leadscore_assets.domain.notice_words import promotion_coming
from leadscore_assets.domain.release_events import Approved, Declined
from leadscore_assets.domain.release_moves import PLATFORM
from leadscore_assets.domain.release_state import Model, ReleaseState
from leadscore_assets.steps.approvals import (
    ANNOUNCED,
    SAID,
    announcement_key,
    awaiting,
    clearance_now,
    its_turn,
    question_on,
    standing_now,
    words_on,
)
from leadscore_assets.steps.notifying import announce
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.rolling_out import Moved, carry


@dataclass(frozen=True)
class Said:
    """What a person says: in which role (empty where only one is possible), why, and how it came.

    A `nonce` is that of a signed link, which counts once; `expires` may end an approval before the policy does.
    """

    who: str
    role: str = ""
    comment: str = ""
    way: str = "command"
    nonce: str = ""
    digest: str = ""


def give_approval(platform: Platform, version: int, said: Said) -> Moved:
    """Record a person's approval of a version that waits, and let it set off if nothing is missing.

    Raises Refused, recorded too, where the approval would not count.
    """
    model = _waits(platform, version, said)
    question, words = question_on(platform, model), words_on(platform, model)
    said = replace(said, role=said.role or _only_role(platform, model, said))
    why = objection(words, question, role=said.role, who=said.who, now=platform.now())
    if why:
        raise Refused(_refusal(platform, model, said, why))
    _record(platform, model, said, "approved", words)
    return carry_clearance(platform) or _unmoved(platform, model)


def decline_version(platform: Platform, version: int, said: Said) -> Moved:
    """Record that a person declines a version, and end its way to production."""
    model = _on_its_way(platform, version, said)
    if model:
        _record(platform, model, said, "declined", words_on(platform, model))
    return carry(platform, Declined(version, said.who, one_line(said.comment) or "declined by a person"))


def withdraw_approval(platform: Platform, version: int, said: Said) -> Moved:
    """Take a person's approval back: what still waits waits on, what has set off is taken back.

    Raises Refused where the person has not approved the version, or where it answers all leads already.
    """
    state = present_release(platform)
    if state.champion and state.champion.version == version:
        raise Refused(f"version {version} answers all leads already; 'leadscore rollback' puts an earlier one back")
    model = _on_its_way(platform, version, said)
    words = words_on(platform, model) if model else []
    mine = [word for word in _last_words(words) if word.person == person(said.who)]
    roles = [word.role for word in mine if word.decision == "approved" and said.role in ("", word.role)]
    if model is None or not roles:
        raise Refused(f"{said.who} has not approved version {version}; 'leadscore release status' shows who has")
    for role in roles:
        _record(platform, model, replace(said, role=role), "withdrawn", words)
    if state.phase_of(model) in ("approved", "shadow", "canary"):
        return carry(
            platform, Declined(version, said.who, f"{said.who} withdrew the approval as {' and '.join(roles)}")
        )
    return _unmoved(platform, model)


def carry_clearance(platform: Platform) -> Moved | None:
    """Carry what people said as far as it goes: announce, decline or let set off; None where nothing moves."""
    state = present_release(platform)
    model = awaiting(state)
    if model is None:
        return None
    found = standing_now(platform, model)
    cleared = clearance_now(platform, model, found)
    told: list[str] = []
    if cleared.step not in ("missing", "declined"):
        told = announce_release(platform, model, found, cleared)
        cleared = clearance_now(platform, model, found)
    moved = _carried(platform, state, model, found, cleared)
    return replace(moved, problems=(*told, *moved.problems)) if moved and told else moved


def tell_coming(platform: Platform, model: Model) -> list[str]:
    """Tell administrators of a release that nobody has to approve, before it sets off."""
    why = f"It passed its gates. {_place(platform)}"
    notice = promotion_coming(model.version, moves=None, why=why, at=platform.now(), key=model.digest)
    return announce(platform, notice)


def announce_release(platform: Platform, model: Model, found: Standing, cleared: Clearance) -> list[str]:
    """Tell administrators of a coming release, once; the notice period begins with the ledger's record of it."""
    now, key = platform.now(), announcement_key(model, found)
    hours = platform.policy.approval.notice_hours
    moves = now + timedelta(hours=hours) if hours else None
    moment = f"at {moves:%Y-%m-%d %H:%M} UTC" if moves else "now"
    record = platform.ledger.append(
        ANNOUNCED,
        f"package {model.version}",
        reason=f"version {model.version} sets off {moment}: {cleared.sentence}",
        evidence={"bundle": model.digest, "at": now.isoformat(), "notice_hours": hours},
        key=key,
    )
    # Killed between the record and the notice, the next look puts in the same one: all of it comes from the record.
    at = datetime.fromisoformat(str(record.evidence["at"]))
    moves = at + timedelta(hours=hours) if hours else None
    why = f"{cleared.sentence[:1].upper()}{cleared.sentence[1:]}. {_place(platform)}"
    return announce(platform, promotion_coming(model.version, moves=moves, why=why, at=at, key=key))


def _place(platform: Platform) -> str:
    champion = present_release(platform).champion
    if champion is None:
        return "It is the first model."
    return f"It takes leads from version {champion.version} by the policy's steps."


def _carried(
    platform: Platform, state: ReleaseState, model: Model, found: Standing, cleared: Clearance
) -> Moved | None:
    try:
        if cleared.step == "declined" and found.declined:
            return carry(platform, Declined(model.version, found.declined.who, cleared.sentence))
        if cleared.step == "go" and its_turn(platform, state, model):
            return carry(platform, Approved(model.version, found.people or PLATFORM))
    except Refused:
        # Another process carried the same words, or one of them was withdrawn, since they were read.
        return None
    return None


def _waits(platform: Platform, version: int, said: Said) -> Model:
    state = present_release(platform)
    model = awaiting(state)
    if model is None or model.version != version:
        on_way = f"version {model.version} waits" if model else "none waits"
        raise Refused(f"version {version} waits for no approval; {on_way}")
    _check_digest(model, said)
    return model


def _on_its_way(platform: Platform, version: int, said: Said) -> Model | None:
    state = present_release(platform)
    models = (state.candidate, state.waiting.model if state.waiting else None)
    model = next((item for item in models if item and item.version == version), None)
    if model:
        _check_digest(model, said)
    return model


def _check_digest(model: Model, said: Said) -> None:
    if said.digest and said.digest != model.digest:
        raise Refused(
            f"version {model.version} is another bundle than the one that this approval is of; ask for a new link"
        )


def _only_role(platform: Platform, model: Model, said: Said) -> str:
    """The one missing role that a person may have; raise InvalidInput where it must be named."""
    question, words = question_on(platform, model), words_on(platform, model)
    missing = standing(words, question, platform.now()).missing
    able = [role for role in missing if not objection(words, question, role=role, who=said.who, now=platform.now())]
    roles = able or list(missing) or list(question.required)
    if len(roles) != 1:
        raise InvalidInput(f"version {model.version} waits for {' and for '.join(roles) or 'nobody'}; name your role")
    return roles[0]


def _last_words(words: list[Approval]) -> list[Approval]:
    return list({(word.role, word.person): word for word in words}.values())


def _record(platform: Platform, model: Model, said: Said, decision: Word, words: list[Approval]) -> None:
    """Record a word; of one link the ledger takes one, whoever comes second is refused."""
    now = platform.now()
    hours = timedelta(hours=platform.policy.approval.expires_hours)
    word = Approval(
        model.version,
        model.digest,
        said.role,
        said.who,
        decision,
        now,
        one_line(said.comment),
        now + hours if decision == "approved" else None,
        said.way,
        said.nonce,
    )
    attempt = token_hex(8)
    spoken = sum(1 for item in words if (item.role, item.person) == (word.role, word.person))
    mine = f"{model.digest}:{said.role}:{word.person}:{decision}:{spoken}"
    record = platform.ledger.append(
        SAID,
        f"package {model.version}",
        reason=f"{decision} by {said.who}{' as ' + said.role if said.role else ''}: {word.comment or 'no comment'}",
        evidence={**word.to_json(), "bundle": model.digest, "attempt": attempt},
        key=f"approval-link:{said.nonce}" if said.nonce else f"approval:{mine}",
    )
    if said.nonce and record.evidence["attempt"] != attempt:
        raise Refused(f"this link was used on {record.at:%Y-%m-%d %H:%M} UTC; ask for a new one")


def _refusal(platform: Platform, model: Model, said: Said, why: str) -> str:
    platform.ledger.append(
        "approval refused",
        f"package {model.version}",
        reason=why,
        evidence={"bundle": model.digest, "who": said.who, "role": said.role, "way": said.way},
        key=f"approval-refused:{model.digest}:{said.role}:{said.who}:{platform.now():%Y-%m-%d}",
    )
    return why


def _unmoved(platform: Platform, model: Model) -> Moved:
    state = present_release(platform)
    reason = state.reason
    if model == awaiting(state):
        cleared = clearance_now(platform, model, standing_now(platform, model))
        turn = "" if its_turn(platform, state, model) else "; it waits until the release in hand is over"
        reason = f"{cleared.sentence}{turn if cleared.step == 'go' else ''}"
    return Moved(state, platform.endpoint.status(), False, reason)
