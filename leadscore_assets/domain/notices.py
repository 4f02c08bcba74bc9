"""Notices: what people are told, by kind; never a lead's data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

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
KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)


@dataclass(frozen=True)
class Notice(Record):
    """One thing that people are told: a line for the subject, sentences, and a key under which it is told once.

    `page` is where a page about it lies in the lake; channels that can take a file attach it.
    """

    kind: NoticeKind
    subject: str
    text: str
    at: datetime
    key: str
    page: str = ""

    @property
    def line(self) -> str:
        """The whole notice in one line, as a log takes it."""
        text = " ".join(f"{self.subject}: {self.text}".split())
        return f"{self.kind} ({self.at:%Y-%m-%d %H:%M} UTC): {text}"


@dataclass(frozen=True)
class Claim:
    """A letter that one deliverer, and no other, may send to one channel until its lease ends.

    A letter is one notice, or all of a digest. `reference` is the same at every try, so that a receiver can tell a
    second copy; `attempts` counts this try.
    """

    letter: str
    channel: str
    reference: str
    notices: tuple[Notice, ...]
    attempts: int
    first_due: datetime
    lease: str


@dataclass(frozen=True)
class Delivery(Record):
    """How far a letter came on one channel; `subjects` are those of its notices, `ended` is when it came to its end."""

    letter: str
    channel: str
    kinds: tuple[str, ...]
    subjects: tuple[str, ...]
    state: Literal["waiting", "being sent", "delivered", "given up"]
    attempts: int
    next_try: datetime
    ended: datetime | None
    problem: str
