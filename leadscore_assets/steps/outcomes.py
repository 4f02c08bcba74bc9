"""Which model's leads converted: outcomes from the lake, joined to the models that answered.

Where the endpoint deals by lead, nothing about who answered whom has to be kept: a lead's key and the release's salt
and shares say it again. A lead then belongs to the share in force when it was created, whether or not it was asked
about, so that no model can choose. Where it deals by request, captures say it: the first answer to a lead in this
release decides, under the share in force at that moment.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.calendar import week_of
from leadscore_assets.domain.captured import first_answers
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.facts import WeekManifest
from leadscore_assets.domain.release_counts import Outcomes
from leadscore_assets.domain.release_state import CANDIDATE, PRIMARY, ReleaseState
from leadscore_assets.domain.routing import routed
from leadscore_assets.domain.texts import spelled
from leadscore_assets.steps.platform import Platform

_PATH = "release/outcomes.json"
Period = tuple[datetime, datetime, float]
Dealt = Callable[[str, float], tuple[str, float] | None]


def known_outcomes(platform: Platform, state: ReleaseState) -> tuple[Outcomes, ...]:
    """Return the outcomes of leads created while the candidate had a share, one record for each share.

    A lead without an outcome yet is left out. Weeks are read again only when they, or the shares, changed.
    """
    periods = shared_periods(state, platform.now())
    if not periods or platform.contract.outcome is None:
        return ()
    manifests = platform.lake.manifests(week_of(periods[0][0].date()), week_of(periods[-1][1].date()))
    if not manifests:
        return ()
    begun = [[f"{start}", weight] for start, _, weight in periods]
    dealt_by = platform.endpoint.deals_by
    key = digest_of([state.salt, begun, dealt_by, *(item.digest for item in manifests)])
    stored = platform.lake.read_json(_PATH)
    if stored and stored.get("key") == key:
        return tuple(Outcomes.from_json(item) for item in stored["outcomes"])
    found = _counted(platform, _dealt(platform, state, periods), periods, manifests)
    platform.lake.write_json(_PATH, {"key": key, "outcomes": [item.to_json() for item in found]})
    return found


def shared_periods(state: ReleaseState, now: datetime) -> list[Period]:
    """Return when the candidate had which share of leads: start, end (not included) and share, oldest first."""
    moves = [item for item in state.history if item.model == state.candidate]
    begun = max((at for at, item in enumerate(moves) if item.after == "registered"), default=0)
    shares = [(item.at, item.weight) for item in moves[begun:] if item.after == "canary"]
    ends = [*shares, (now, 0.0)]
    return [(one[0], other[0], one[1]) for one, other in pairwise(ends)]


def _dealt(platform: Platform, state: ReleaseState, periods: Sequence[Period]) -> Dealt:
    """Return what tells a lead's variant and share from its key and the share when it was created."""
    captures = platform.captures
    if platform.endpoint.deals_by == "lead":
        return lambda key, weight: (routed(key, [(PRIMARY, 1 - weight), (CANDIDATE, weight)], salt=state.salt), weight)
    if captures is None:
        # Nothing tells who answered whom, and a guess would be worse than a wait.
        return lambda _key, _weight: None
    rows = first_answers(captures.read(periods[0][0], periods[-1][1]), variants=(PRIMARY, CANDIDATE))
    found = {lead: (name, _share(at, periods)) for lead, name, at in rows}
    return lambda key, _weight: found.get(captures.masked(key))


def _share(at: datetime, periods: Sequence[Period]) -> float:
    return next(weight for start, end, weight in periods if start <= at < end)


def _counted(
    platform: Platform, dealt: Dealt, periods: Sequence[Period], manifests: Sequence[WeekManifest]
) -> tuple[Outcomes, ...]:
    totals = {weight: [0, 0, 0, 0] for _, _, weight in periods}
    for manifest in manifests:
        for key, converted, created_under in _known(platform, manifest, periods):
            answer = dealt(key, created_under)
            if answer is None:
                continue
            name, weight = answer
            at = 0 if name == CANDIDATE else 2
            totals[weight][at] += 1
            totals[weight][at + 1] += converted
    return tuple(Outcomes(weight, *numbers) for weight, numbers in sorted(totals.items()))


def _known(platform: Platform, manifest: WeekManifest, periods: Sequence[Period]) -> Iterator[tuple[str, bool, float]]:
    """Yield a week's leads with a known outcome: key, whether it converted, the share when it was created."""
    contract = platform.contract
    names = [contract.key, contract.created_at, contract.outcome]
    table = platform.lake.read_files(manifest.files, columns=names)
    table = table.filter(pc.field(contract.outcome).is_valid())
    for start, end, weight in periods:
        column = table[contract.created_at]
        first, last = (_scalar(moment, column.type) for moment in (start, end))
        inside = pc.and_(pc.greater_equal(column, first), pc.less(column, last))
        chosen = table.filter(inside)
        keys, outcomes = chosen[contract.key].to_pylist(), chosen[contract.outcome].to_pylist()
        yield from ((spelled(str(key)), bool(outcome), weight) for key, outcome in zip(keys, outcomes, strict=True))


def _scalar(moment: datetime, kind: pa.DataType) -> pa.Scalar:
    plain = moment.astimezone(UTC) if kind.tz else moment.astimezone(UTC).replace(tzinfo=None)
    return pa.scalar(plain, kind)
