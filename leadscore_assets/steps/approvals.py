"""Approvals as the ledger has them: what people said to a version, and whether its release may set off now.

Nothing is remembered elsewhere: every answer is worked out again from the ledger's words.
"""

from datetime import datetime

from leadscore_assets.domain.approvals import Approval, Clearance, Question, Standing, clearance, standing
from leadscore_assets.domain.errors import LeadscoreError
from leadscore_assets.domain.facts import LedgerRecord
from leadscore_assets.domain.release_state import Model, ReleaseState
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release

MANUAL = "manual"
SAID, ANNOUNCED = "approval", "announced"
# What a verdict that asks a person asks for where the policy names no role.
_ANYBODY = ("ml_lead",)
_BY_HAND = ("manual", "forced")


def awaiting(state: ReleaseState) -> Model | None:
    """Return the version that waits for people, on its way or in the queue; None where none does."""
    if state.candidate and state.phase == "registered":
        return state.candidate
    return state.waiting.model if state.waiting and not state.waiting.approved else None


def words_on(platform: Platform, model: Model) -> list[Approval]:
    """Return what people said to a version, oldest first."""
    found = platform.ledger.records(action=SAID, subject=f"package {model.version}")
    return [Approval.from_json(item.evidence) for item in found]


def question_on(platform: Platform, model: Model) -> Question:
    """Return what is asked about a version that waits: by the policy, or by a verdict that asks a person."""
    rules = platform.policy.approval
    manual = not rules.roles and platform.registry.get(model.version).lineage.get("decision") == MANUAL
    required = _ANYBODY if manual else rules.roles
    return Question(model, required, rules, platform.holders, launchers(platform, model))


def standing_now(platform: Platform, model: Model) -> Standing:
    """Return where the approval of a version that waits stands."""
    return standing(words_on(platform, model), question_on(platform, model), platform.now())


def clearance_now(platform: Platform, model: Model, found: Standing) -> Clearance:
    """Return what a waiting version's release comes to now."""
    return clearance(
        found,
        version=model.version,
        announced=announced_at(platform, model, found),
        rules=platform.policy.approval,
        now=platform.now(),
    )


def may_step(platform: Platform) -> str:
    """Say which step people's words ask of a release; empty where it waits for them still, or they cannot be read."""
    try:
        return _step(platform)
    except LeadscoreError:
        return ""


def its_turn(platform: Platform, state: ReleaseState, model: Model) -> bool:
    """Whether a version would set off once it is approved; in the queue it waits for its turn first."""
    return model == state.candidate or (
        state.candidate is None and platform.policy.release.next_candidate == "supersede"
    )


def approval_against(platform: Platform, model: Model, before: ReleaseState, after: ReleaseState) -> list[str]:
    """Return what the approvals say against a move that gives a version more traffic.

    What sets off needs approvals that count now; what has set off keeps them when they expire, and loses them when they
    are withdrawn.
    """
    rules = platform.policy.approval
    if not rules.asks:
        return []
    if before.phase_of(model) not in ("shadow", "canary"):
        question = Question(model, rules.roles, rules, platform.holders, launchers(platform, model))
        found = standing(words_on(platform, model), question, platform.now())
        cleared = clearance_now(platform, model, found)
        return [] if cleared.step == "go" else [cleared.sentence]
    set_off = [item.at for item in after.history if item.model == model and item.after == "approved"]
    question = Question(model, rules.roles, rules.model_copy(update={"launcher_may_approve": True}))
    found = standing(words_on(platform, model), question, max(set_off, default=platform.now()))
    return [] if found.enough else ["its approval was withdrawn or declined"]


def launchers(platform: Platform, model: Model) -> tuple[str, ...]:
    """Return who launched the training of a version: whoever asked for it by hand, and in whose name it ran."""
    trained = platform.ledger.records(action="trained", subject=f"bundle {model.digest}")
    weeks = {str(item.evidence["week"]) for item in trained}
    asked = [item for week in sorted(weeks) for item in _asked_by_hand(platform, week)]
    return tuple(dict.fromkeys(item.actor for item in (*asked, *trained)))


def announced_at(platform: Platform, model: Model, found: Standing) -> datetime | None:
    """Return when administrators were told of a version's release as it is approved now; None before."""
    key = announcement_key(model, found)
    for item in platform.ledger.records(action=ANNOUNCED, subject=f"package {model.version}"):
        if item.key == key:
            return datetime.fromisoformat(str(item.evidence["at"]))
    return None


def announcement_key(model: Model, found: Standing) -> str:
    """Return the key of an announcement: another bundle or another set of approvals is announced anew."""
    return f"announced:{model.digest}:{found.digest[:16]}"


def _asked_by_hand(platform: Platform, week: str) -> list[LedgerRecord]:
    asked = platform.ledger.records(action="asked", subject=f"retraining of week {week}")
    return [item for item in asked if item.evidence["asker"] in _BY_HAND and item.evidence["wanted"]]


def _step(platform: Platform) -> str:
    state = present_release(platform)
    model = awaiting(state)
    if model is None or not (platform.policy.approval.asks or words_on(platform, model)):
        return ""
    found = clearance_now(platform, model, standing_now(platform, model))
    stays = found.step in ("missing", "notice") or (found.step == "go" and not its_turn(platform, state, model))
    return "" if stays else f"{found.step}: {found.sentence}"
