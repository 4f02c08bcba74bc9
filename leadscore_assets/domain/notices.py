"""Notices: what people are told, by kind; never a lead's data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from leadscore_assets.domain.facts import Record

NoticeKind = Literal[
    "retrained",
    "drift",
    "promotion_coming",
    "promoted",
    "rolled_back",
    "gate_failed",
    "run_failed",
    "sensor_silent",
    "alarm",
    "weekly_report",
]


@dataclass(frozen=True)
class Notice(Record):
    """One thing that people are told: a line for the subject, sentences, and a key under which it is told once."""

    kind: NoticeKind
    subject: str
    text: str
    at: datetime
    key: str
