"""A week's listed leads joined to what came of them, in the lake and in the endpoint's captures."""

from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.calendar import DAY, WEEK, at_midnight
from leadscore_assets.domain.captured import first_scored
from leadscore_assets.domain.errors import Missing
from leadscore_assets.domain.facts import WeekManifest
from leadscore_assets.domain.metrics import Floats
from leadscore_assets.domain.realised import Group, Shown, group
from leadscore_assets.domain.texts import spelled
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.shown_scores import shown_scores
from leadscore_assets.steps.stored_week import manifest_of


@dataclass(frozen=True)
class OutcomeRows:
    """The rows that say something of the models (`shown`, with `keys`), and how many of the listed do not."""

    manifest: WeekManifest
    shown: Shown
    keys: tuple[str, ...]
    listed: int
    known: int
    learnt: int


def outcome_rows(platform: Platform, week: date) -> OutcomeRows:
    """Join a week's first shown scores to labels and outcomes; raise Missing without a list or leads."""
    contract, manifest = platform.contract, manifest_of(platform, week)
    listed = shown_scores(platform, week)
    if listed is None:
        raise Missing(f"week {week} has no list whose outcome could be told; materialize scored_leads for it")
    columns = [contract.key, *contract.known_later]
    if not manifest.files:
        raise Missing(f"week {week} holds no leads, so that nothing can be told of its list")
    leads = platform.lake.read_files(manifest.files, columns=columns)
    joined = listed.join(leads, keys=contract.key, join_type="inner").sort_by(contract.key)
    known = pc.is_valid(joined[contract.label])
    if contract.outcome:
        known = pc.and_(known, pc.is_valid(joined[contract.outcome]))
    told = joined.filter(known)
    learnt = _learnt(platform, told)
    kept = told.filter(pa.array(~learnt))
    keys = tuple(spelled(f"{key}") for key in kept[contract.key].to_pylist())
    return OutcomeRows(manifest, _shown(platform, kept), keys, listed.num_rows, told.num_rows, int(learnt.sum()))


def answered_groups(platform: Platform, week: date, rows: OutcomeRows, *, confidence: float) -> tuple[Group, ...]:
    """Return conversions by the variant and version that answered first, of the leads that the endpoint was asked of.

    None without captures, or where nothing of the week was captured.
    """
    captures = platform.captures
    if captures is None:
        return ()
    asked_until = at_midnight(week + WEEK) + timedelta(days=1)
    table = first_scored(captures.read(at_midnight(week), asked_until))
    who = {row["lead"]: f"{row['variant']}, version {row['version']}" for row in table.to_pylist()}
    if not who:
        return ()
    names = np.array([who.get(captures.masked(key), "") for key in rows.keys], dtype=object)
    arms = sorted({name for name in names if name})
    return tuple(group(name, rows.shown, names == name, confidence=confidence) for name in arms)


def _learnt(platform: Platform, rows: pa.Table) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Tell which leads (n,) are of days that the version which scored them had learnt or was fitted from."""
    versions = rows["model_version"].to_numpy()
    moments = rows[platform.contract.created_at].cast(pa.timestamp("us")).to_numpy()
    found = np.zeros(rows.num_rows, dtype=bool)
    for version in np.unique(versions).tolist():
        lineage = platform.registry.get(version).lineage
        until = date.fromisoformat(str(lineage["validated_until"])) + DAY
        end = np.datetime64(at_midnight(until).astimezone(UTC).replace(tzinfo=None))
        found |= (versions == version) & (moments < end)
    return found


def _shown(platform: Platform, rows: pa.Table) -> Shown:
    contract, rules = platform.contract, platform.policy.promotion
    label = _floats(rows[contract.label])
    outcome = _floats(rows[contract.outcome]) if contract.outcome else (label >= rules.score_threshold).astype(float)
    return Shown(
        score=_floats(rows["score"]),
        chance=_floats(rows["conversion_probability"]),
        band=np.array(rows["band"].to_pylist(), dtype=object),
        version=rows["model_version"].to_numpy(),
        label=label,
        outcome=outcome,
        revenue=_floats(rows[contract.revenue]) if contract.revenue else None,
        feedback=_floats(rows[contract.feedback]) if contract.feedback else None,
    )


def _floats(column: Any) -> Floats:
    plain = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
    found: Floats = plain.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    return found
