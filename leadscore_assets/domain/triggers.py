"""Whether a retraining starts: one question, answered with every reason for and against and its figure.

Pure: facts, policy and the clock come in. The schedule, the sensor, a person and a replay of the past all ask here.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.policy import Policy
from leadscore_assets.domain.retraining_calendar import due_since, next_due

Asker = Literal["calendar", "conditions", "manual", "forced"]
Decision = Literal["retrain", "wait", "skip"]
Speaks = Literal["for", "against", "nothing"]
NONE, URGENT = "none", "urgent_volume"


@dataclass(frozen=True)
class DriftAnswer(Record):
    """A week's drift verdict: its decision (alarm, watch, quiet, not_yet), sentence and the report's digest."""

    decision: str
    sentence: str
    digest: str


@dataclass(frozen=True)
class Realised(Record):
    """How the champion did on leads whose outcome is known since it answered them.

    `expected` is the metric when it was judged; `auc` of conversions, None where there are none of either kind.
    """

    week: date
    metric: str
    value: float
    expected: float
    rows: int
    auc: float | None = None


@dataclass(frozen=True)
class RetrainingState(Record):
    """What is known when the question is asked.

    `week` is the newest finished week that is stored and `data` the digest of what its training would learn from, empty
    where it cannot be cut (`problem` says why). `new_rows` are matured rows that no training saw. What nobody looked at
    is None. Days are UTC; `last_drift` is the day after the week whose drift last started a retraining. `on_its_way`
    names a version of this very week whose release is in hand or waits.
    """

    week: date
    champion: bool
    data: str = ""
    problem: str = ""
    first_model: date | None = None
    last_trained: datetime | None = None
    trained_data: tuple[str, ...] = ()
    new_rows: int | None = None
    champion_trained: date | None = None
    drift: DriftAnswer | None = None
    last_drift: date | None = None
    realised: Realised | None = None
    running: str = ""
    on_its_way: str = ""


@dataclass(frozen=True)
class Reason(Record):
    """One thing that was looked at: its figure and bound where it has them, and for what it speaks.

    One that speaks against and names a moment (`until`) holds the retraining back until then.
    """

    name: str
    speaks: Speaks
    sentence: str
    figure: float | None = None
    bound: float | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Answer(Record):
    """Retrain, wait (`not_before` says until when) or skip; `cause` is the first reason for it, `none` without one."""

    decision: Decision
    cause: str
    sentence: str
    week: date
    data: str
    reasons: tuple[Reason, ...]
    urgent: bool = False
    not_before: datetime | None = None

    @property
    def wanted(self) -> bool:
        """Whether a retraining starts now."""
        return self.decision == "retrain"


def should_retrain(state: RetrainingState, policy: Policy, now: datetime, *, asker: Asker = "conditions") -> Answer:
    """Answer whether a retraining starts now.

    A forced one starts whatever speaks against it, as long as there is anything to learn from; a manual one waits for
    nothing but new data. What is urgent waits for no calendar, no rest and no cheap hour.
    """
    asked = _asked(asker)
    found = [*asked, *_speaking(state, policy, now, asker)]
    cause = next((item.name for item in found if item.speaks == "for"), NONE)
    urgent = bool(asked) or any(item.name == URGENT and item.speaks == "for" for item in found)
    found_holds = [*_holding(state, policy, now, cause=cause, urgent=urgent), None if asked else _on_its_way(state)]
    holds = [hold for hold in found_holds if hold is not None]
    if asker == "forced":
        holds = [hold for hold in holds if hold.name == "nothing_to_learn"]
    decision, not_before = _decided(cause, holds)
    told = next((item for item in holds if decision != "retrain"), None) or _named(found, cause)
    sentence = told.sentence if told else " ".join(item.sentence for item in found[:2]) or "Nothing asks for it."
    return Answer(decision, cause, sentence, state.week, state.data, (*found, *holds), urgent, not_before)


def _decided(cause: str, holds: list[Reason]) -> tuple[Decision, datetime | None]:
    if cause == NONE or any(hold.until is None for hold in holds):
        return "skip", None
    moments = [hold.until for hold in holds if hold.until]
    return ("wait", max(moments)) if moments else ("retrain", None)


def _named(found: list[Reason], cause: str) -> Reason | None:
    return next((item for item in found if item.name == cause and item.speaks == "for"), None)


def _asked(asker: Asker) -> list[Reason]:
    if asker == "manual":
        return [Reason(asker, "for", "A person asks for it.")]
    return [Reason(asker, "for", "A person insists on it.")] if asker == "forced" else []


def _speaking(state: RetrainingState, policy: Policy, now: datetime, asker: Asker) -> list[Reason]:
    if not state.champion and asker == "conditions":
        # Whoever has just filled a home may want to train the past first.
        return [Reason("first_model", "nothing", "There is no champion yet; the calendar's next question brings one.")]
    if not state.champion:
        return [Reason("first_model", "for", "There is no champion yet.")]
    rules = policy.retraining
    conditions = {"drift": _drift, "volume": _volume, "age": _age, "performance": _performance}
    if rules.when == "never":
        return [Reason("calendar", "nothing", "The policy never retrains once there is a champion.")]
    return [_calendar(state, policy, now), *(conditions[name](state, policy, now) for name in rules.conditions)]


def _calendar(state: RetrainingState, policy: Policy, now: datetime) -> Reason:
    rules = policy.retraining
    if rules.when == "on_drift":
        return Reason("calendar", "nothing", "The policy has no calendar: it waits for drift.")
    since = due_since(rules, state.week, now, first_model=state.first_model)
    if since and (state.last_trained is None or state.last_trained < since):
        return Reason(
            rules.when, "for", f"The {rules.when} retraining of week {state.week} is due since {_when(since)}."
        )
    coming = next_due(rules, now, first_model=state.first_model)
    told = f"The next {rules.when} retraining is due on {_when(coming)}." if coming else "None is due for weeks."
    return Reason(rules.when, "nothing", told)


def _drift(state: RetrainingState, policy: Policy, _: datetime) -> Reason:
    found = state.drift
    if found is None:
        told = f"Week {state.week} has no drift report; materialize drift_report."
        return Reason("drift", "nothing", told)
    if found.decision != "alarm":
        return Reason("drift", "nothing", f"Drift does not ask for a retraining: {found.sentence}")
    rest = timedelta(days=policy.drift.cooldown_days)
    over = state.week + timedelta(days=7)
    if state.last_drift is not None and over < state.last_drift + rest:
        told = f"Drift asks for a retraining, but the last one that it started was on {state.last_drift}: "
        days = (over - state.last_drift).days
        return Reason("drift", "nothing", f"{told}not before {state.last_drift + rest}.", days, rest.days)
    return Reason("drift", "for", f"Drift asks for a retraining: {found.sentence}")


def _volume(state: RetrainingState, policy: Policy, _: datetime) -> Reason:
    rules, rows = policy.retraining, state.new_rows
    if rows is None:
        return Reason("volume", "nothing", "It is not known how many matured rows are new.")
    told = f"{rows:,} matured rows were in no training yet"
    if rows >= rules.urgent_rows:
        return Reason(URGENT, "for", f"{told}, and {rules.urgent_rows:,} are urgent.", rows, rules.urgent_rows)
    speaks: Speaks = "for" if rows > rules.volume_rows else "nothing"
    return Reason("volume", speaks, f"{told}; more than {rules.volume_rows:,} ask for one.", rows, rules.volume_rows)


def _age(state: RetrainingState, policy: Policy, now: datetime) -> Reason:
    bound = policy.retraining.age_days
    if state.champion_trained is None:
        return Reason("age", "nothing", "It is not known when the champion was trained.")
    days = (now.date() - state.champion_trained).days
    told = f"The champion's week ended {days} days ago; more than {bound} ask for a new one."
    tried = (now - state.last_trained).days if state.last_trained else days
    if days > bound >= tried:
        # What was trained since did not beat it: an old champion that holds its place is not challenged every day.
        told = f"{told} It held its place against a training {tried} days ago."
    return Reason("age", "for" if min(days, tried) > bound else "nothing", told, days, bound)


def _performance(state: RetrainingState, policy: Policy, _: datetime) -> Reason:
    rules, found = policy.retraining, state.realised
    if found is None:
        return Reason("performance", "nothing", "No outcomes of leads that the champion answered are known yet.")
    if found.auc is not None and found.auc < rules.minimum_auc:
        told = f"The realised AUC of week {found.week} is {found.auc:.3f}, below {rules.minimum_auc:g}."
        return Reason("performance", "for", told, found.auc, rules.minimum_auc)
    bound = found.expected - rules.realised_margin
    told = f"The realised {found.metric} of week {found.week} is {found.value:.4f} on {found.rows:,} rows, "
    told += f"{found.expected:.4f} when it was judged; below {bound:.4f} asks for a new one."
    return Reason("performance", "for" if found.value < bound else "nothing", told, found.value, bound)


def _holding(state: RetrainingState, policy: Policy, now: datetime, *, cause: str, urgent: bool) -> list[Reason | None]:
    """Return what speaks against it, whatever speaks for it; what is urgent is held back by the data alone."""
    always = [_no_data(state), _running(state)]
    if urgent or cause in (NONE, "first_model"):
        return always
    planned = cause == policy.retraining.when
    return [
        *always,
        *([] if planned else [_rest(state, policy, now), _merged(state, policy, now)]),
        _cheap(policy, now),
    ]


def _no_data(state: RetrainingState) -> Reason | None:
    if not state.data:
        return Reason("nothing_to_learn", "against", f"There is nothing to learn from: {state.problem}")
    if state.data in state.trained_data:
        return Reason("no_new_data", "against", "No row has matured since these rows were trained on.", 0, 1)
    return None


def _running(state: RetrainingState) -> Reason | None:
    return Reason("running", "against", f"A retraining is under way: {state.running}.") if state.running else None


def _on_its_way(state: RetrainingState) -> Reason | None:
    """Hold back a second training of a week whose first one is being released: its evidence is the week's."""
    if not state.on_its_way:
        return None
    told = f"{state.on_its_way} of week {state.week} is on its way, and another training would take its evidence."
    return Reason("on_its_way", "against", told)


def _rest(state: RetrainingState, policy: Policy, now: datetime) -> Reason | None:
    days, last = policy.retraining.rest_days, state.last_trained
    if last is None or not last <= now < (until := last + timedelta(days=days)):
        return None
    return Reason("rest", "against", f"The last retraining was less than {days} days ago.", bound=days, until=until)


def _merged(state: RetrainingState, policy: Policy, now: datetime) -> Reason | None:
    """Hold a condition back for the calendar's own retraining, where that is near."""
    hours = policy.retraining.merge_hours
    coming = next_due(policy.retraining, now, first_model=state.first_model)
    if coming is None or coming - now > timedelta(hours=hours):
        return None
    told = f"It is merged with the {policy.retraining.when} retraining, due on {_when(coming)}."
    return Reason("merged", "against", told, round((coming - now).total_seconds() / 3600, 1), hours, coming)


def _cheap(policy: Policy, now: datetime) -> Reason | None:
    hours, most = policy.retraining.cheap_hours, policy.retraining.put_off_hours
    if not hours or now.hour in hours:
        return None
    start = now.replace(minute=0, second=0, microsecond=0)
    coming = next(start + timedelta(hours=ahead) for ahead in range(1, 25) if (now.hour + ahead) % 24 in hours)
    if coming - now > timedelta(hours=most):
        return None
    return Reason("cheap_hour", "against", f"Machines are cheaper from {_when(coming)}.", now.hour, until=coming)


def _when(moment: datetime) -> str:
    return f"{moment:%A %Y-%m-%d %H:%M} UTC"
