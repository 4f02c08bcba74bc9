"""Replays of made-up weeks."""

from datetime import date, timedelta

from leadscore_assets.domain.replay import NO_CANDIDATE, LedgerDecision, Replay, ReplayReport, ReplayWeek

FIRST = date(2026, 1, 5)


def week(place, decision="keep", *, served=None, oracle=None, **more) -> ReplayWeek:
    made = {"candidate": None if decision in (NO_CANDIDATE, "not_retrained") else f"model {place}"} | more
    return ReplayWeek(
        FIRST + timedelta(weeks=place),
        "weekly",
        decision,
        "better",
        f"Reason {place} <b>.",
        champion=None if served is None else "m",
        served=served,
        oracle=oracle,
        rows=400 if served else 0,
        **made,
    )


def decided(decision, **same) -> LedgerDecision:
    return LedgerDecision(decision, "m", **({"same_champion": True, "same_policy": True, "same_rows": True} | same))


def made_replay(name, served, oracle, *, as_home=False, **more) -> Replay:
    """One policy that serves these values after a first week without a champion."""
    weeks = [week(0, "promote", promoted=True, seconds=2.0, **more)]
    pairs = zip(served, oracle, strict=True)
    weeks += [week(place, served=one, oracle=best, seconds=2.0) for place, (one, best) in enumerate(pairs, 1)]
    return Replay(name, "d" * 64, as_home, tuple(weeks))


def report_of(*replays: Replay) -> ReplayReport:
    return ReplayReport(FIRST, replays[0].weeks[-1].week, "h" * 64, None, 7, replays)
