"""Which model's leads converted: outcomes from the lake, joined to the models that answered by the routing's own hash.

Nothing about who answered whom has to be kept: a lead's key and the release's salt and shares say it again. A lead
belongs to the share in force when it was created, whether or not it was asked about, so that no model can choose.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.calendar import week_of
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.facts import WeekManifest
from leadscore_assets.domain.release_counts import Outcomes
from leadscore_assets.domain.release_state import CANDIDATE, PRIMARY, ReleaseState
from leadscore_assets.domain.routing import routed
from leadscore_assets.domain.texts import spelled
from leadscore_assets.steps.platform import Platform

_PATH = "release/outcomes.json"
Period = tuple[datetime, datetime, float]


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
    key = digest_of([state.salt, begun, *(item.digest for item in manifests)])
    stored = platform.lake.read_json(_PATH)
    if stored and stored.get("key") == key:
        return tuple(Outcomes.from_json(item) for item in stored["outcomes"])
    found = _counted(platform, state.salt, periods, manifests)
    platform.lake.write_json(_PATH, {"key": key, "outcomes": [item.to_json() for item in found]})
    return found


def shared_periods(state: ReleaseState, now: datetime) -> list[Period]:
    """Return when the candidate had which share of leads: start, end (not included) and share, oldest first."""
    moves = [item for item in state.history if item.model == state.candidate]
    begun = max((at for at, item in enumerate(moves) if item.after == "registered"), default=0)
    shares = [(item.at, item.weight) for item in moves[begun:] if item.after == "canary"]
    ends = [*shares, (now, 0.0)]
    return [(one[0], other[0], one[1]) for one, other in pairwise(ends)]


def _counted(
    platform: Platform, salt: str, periods: Sequence[Period], manifests: Sequence[WeekManifest]
) -> tuple[Outcomes, ...]:
    totals = {weight: [0, 0, 0, 0] for _, _, weight in periods}
    for manifest in manifests:
        for key, converted, weight in _known(platform, manifest, periods):
            name = routed(key, [(PRIMARY, 1 - weight), (CANDIDATE, weight)], salt=salt)
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
