"""Inviting: a signed link is made for a person and a role, shown with the figures it is about, and answered once."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from secrets import token_hex

from leadscore_assets.domain.approval_link import Invitation
from leadscore_assets.domain.approvals import objection
from leadscore_assets.domain.errors import InvalidInput, Refused
from leadscore_assets.steps.approvals import awaiting, question_on, words_on
from leadscore_assets.steps.approving import Said, decline_version, give_approval
from leadscore_assets.steps.judging import stored_evaluation
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.rolling_out import Moved

_LONGEST_HOURS = 24 * 30


@dataclass(frozen=True)
class Shown:
    """What a link's page shows: what is asked of whom, and the figures that speak for it."""

    version: int
    semver: str
    week: str
    role: str
    who: str
    expires: str
    verdict: str
    rows: int
    metrics: dict[str, tuple[float, float | None]]


def invite(platform: Platform, version: int, *, role: str, who: str, hours: float) -> Invitation:
    """Return a link's content for a version that waits, and record who made it.

    Raises Refused where the person's approval would not count, InvalidInput for hours that are too many.
    """
    if not 0 < hours <= _LONGEST_HOURS:
        raise InvalidInput(f"a link for {hours:g} hours; give between 0 and {_LONGEST_HOURS}")
    model = awaiting(present_release(platform))
    if model is None or model.version != version:
        raise Refused(f"version {version} waits for no approval; 'leadscore release status' shows what does")
    now = platform.now()
    why = objection(words_on(platform, model), question_on(platform, model), role=role, who=who, now=now)
    if why:
        raise Refused(why)
    expires = (now + timedelta(hours=hours)).replace(microsecond=0)
    found = Invitation(version, model.digest, role, who, expires, token_hex(16))
    platform.ledger.append(
        "invited",
        f"package {version}",
        reason=f"a link for {who} as {role} until {expires:%Y-%m-%d %H:%M} UTC",
        # The nonce alone gives nobody a link: its seal needs the home's secret.
        evidence={**found.to_json(), "bundle": model.digest},
    )
    return found


def shown(platform: Platform, invitation: Invitation) -> Shown:
    """Return what the link's page shows; raise Refused when it was used or its version no longer waits."""
    _check_open(platform, invitation)
    package = platform.registry.get(invitation.version)
    evaluation = stored_evaluation(platform, package.week)
    before = evaluation.champion_metrics
    return Shown(
        version=invitation.version,
        semver=package.semver,
        week=f"{package.week}",
        role=invitation.role,
        who=invitation.who,
        expires=f"{invitation.expires:%Y-%m-%d %H:%M} UTC",
        verdict=evaluation.verdict.sentence,
        rows=evaluation.rows,
        metrics={name: (value, before.get(name)) for name, value in evaluation.candidate_metrics.items()},
    )


def answer_invitation(platform: Platform, invitation: Invitation, *, decision: str, comment: str) -> Moved:
    """Carry the answer that a person gave on a link's page; raise Refused when the link counts no more."""
    _check_open(platform, invitation)
    said = Said(invitation.who, invitation.role, comment, "link", invitation.nonce, invitation.digest)
    if decision not in ("approved", "declined"):
        raise InvalidInput(f"the answer {decision!r} is neither approved nor declined; use the page's buttons")
    act = give_approval if decision == "approved" else decline_version
    return act(platform, invitation.version, said)


def plain(found: Shown) -> dict[str, object]:
    """Return what a page shows as JSON values."""
    return asdict(found)


def _check_open(platform: Platform, invitation: Invitation) -> None:
    key = f"approval-link:{invitation.nonce}"
    for item in platform.ledger.records(action="approval", subject=f"package {invitation.version}"):
        if item.key == key:
            raise Refused(f"this link was used on {item.at:%Y-%m-%d %H:%M} UTC; ask for a new one")
    model = awaiting(present_release(platform))
    if model is None or (model.version, model.digest) != (invitation.version, invitation.digest):
        raise Refused(f"version {invitation.version} waits for no approval any more; nothing is to be done")
