"""Questions to the ledger alone: which model was live then, and what stands behind it.

A broken ledger gives no answer: one that somebody changed would answer what he wrote.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.facts import LedgerRecord
from leadscore_assets.domain.live_history import Stretch, live_between, provenance, stretches
from leadscore_assets.steps.platform import Platform


@dataclass(frozen=True)
class LiveThen:
    """The stretches that touch a time, oldest first, and by each digest in them what the ledger says of that bundle."""

    stretches: list[Stretch]
    evidence: dict[str, dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON values."""
        return {"live": [item.to_json() for item in self.stretches], "evidence": self.evidence}


def sound_records(platform: Platform) -> list[LedgerRecord]:
    """Return every record of a ledger whose chain holds; raise CorruptArtefact naming what does not."""
    findings = platform.ledger.verify()
    if findings:
        raise CorruptArtefact(f"the ledger cannot answer: {findings[0]}; restore it from a backup")
    return platform.ledger.records()


def live_then(platform: Platform, first: datetime, last: datetime) -> LiveThen:
    """Say what answered from `first` to before `last`, or at one moment; raise Missing when nothing did."""
    records = sound_records(platform)
    found = live_between(records, first, last)
    if not found:
        raise Missing(_nothing(stretches(records), first))
    models = [model for item in found for model in (item.champion, item.candidate, item.shadow) if model]
    return LiveThen(found, {digest: provenance(records, digest) for digest in dict.fromkeys(m.digest for m in models)})


def _nothing(known: list[Stretch], first: datetime) -> str:
    if not known:
        return "the ledger knows of no model that was ever live; 'leadscore retrain' makes and releases the first"
    begin = known[0]
    return (
        f"no model was live at {first:%Y-%m-%d %H:%M} UTC: the first, version {begin.champion.version}, "
        f"went live at {begin.since:%Y-%m-%d %H:%M} UTC"
    )
