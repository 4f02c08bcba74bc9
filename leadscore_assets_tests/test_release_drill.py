from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from benchmarks.drill import drill
from benchmarks.drill_judge import Phase, judged, moved_back, wrong
from benchmarks.drill_load import Noted
from benchmarks.drill_phases import STEPS, rollbacks
from benchmarks.drill_report import as_json, as_table, document
from benchmarks.drill_site import Served
from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.routing import routed

OLD, NEW = "a" * 64, "b" * 64
SAID = {OLD: {f"lead-{at}": 2.0 for at in range(40)}, NEW: {f"lead-{at}": 3.0 for at in range(40)}}


@pytest.mark.slow
def test_no_request_is_lost_or_answered_wrongly_whatever_moves_or_breaks(tmp_path: Path) -> None:
    steps = [replace(step, act=rollbacks(2)) if step.name == "rollback" else step for step in STEPS]
    found = drill(tmp_path / "home", minutes=0.2, rate=100, preset="small", leads=400, steps=steps)
    assert found.problems == []
    requests = sum(item.requests for item in found.figures)
    assert requests >= 0.2 * 60 * 100
    assert all(item.requests for item in found.figures)
    assert sum(len(item.latencies) + item.lost for item in found.figures) == requests
    assert len(found.rollbacks) == 2
    assert all(0 < item.first <= item.command for item in found.rollbacks)
    assert f"{requests:,} requests: " in as_table(found)
    assert "| rollback |" in document(found)
    assert as_json(found)["moved_back"] == 0


def served(share: float, *, begin: float, settled: float, end: float = float("inf")) -> Served:
    variants = (Variant("primary", OLD, 1, 1 - share), Variant("candidate", NEW, 2, share))
    return Served(variants, "s", begin, settled, end)


def of(share: float, name: str) -> str:
    """A lead that belongs to a variant at a share."""
    weights = [("primary", 1 - share), ("candidate", share)]
    return next(lead for lead in SAID[OLD] if routed(lead, weights, salt="s") == name)


def answer(lead: str, *, at: float, new: bool) -> Noted:
    who = ("candidate", 2, NEW) if new else ("primary", 1, OLD)
    return Noted(0, at, at, at + 0.001, 200, *who, [lead], [SAID[who[2]][lead]])


def test_an_answer_is_judged_by_its_lead_its_moment_its_model_and_its_score() -> None:
    timeline = [served(0.0, begin=0, settled=0, end=11), served(0.5, begin=10, settled=11)]
    lead = of(0.5, "candidate")
    assert wrong(answer(lead, at=5, new=False), timeline, [lead], SAID) == ""
    assert wrong(answer(lead, at=5, new=True), timeline, [lead], SAID) == "answered by candidate version 2"
    assert wrong(answer(lead, at=10.5, new=False), timeline, [lead], SAID) == ""
    assert wrong(answer(lead, at=10.5, new=True), timeline, [lead], SAID) == ""
    assert wrong(answer(lead, at=12, new=False), timeline, [lead], SAID) == "answered by primary version 1"
    right = answer(lead, at=12, new=True)
    assert wrong(right, timeline, ["lead-99"], SAID) == "another lead"
    assert wrong(msgspec.structs.replace(right, scores=[3.0001]), timeline, [lead], SAID) == "another score"
    assert wrong(Noted(0, 12, 12, 12.1, 503), timeline, [lead], SAID) == "status 503"


def test_a_lead_that_goes_back_while_the_share_rises_is_counted() -> None:
    timeline = [served(0.1, begin=0, settled=1, end=11), served(0.5, begin=10, settled=11)]
    lead = of(0.1, "candidate")
    assert moved_back([answer(lead, at=5, new=True), answer(lead, at=12, new=True)], timeline) == 0
    assert moved_back([answer(lead, at=5, new=True), answer(lead, at=12, new=False)], timeline) == 1
    falls = [timeline[1], served(0.1, begin=20, settled=21)]
    assert moved_back([answer(lead, at=12, new=True), answer(lead, at=22, new=False)], falls) == 0


def test_a_lost_request_counts_in_the_phase_in_which_it_was_due() -> None:
    phases = [Phase("first", "", 0.0, 10.0), Phase("second", "", 10.0)]
    lead = of(0.0, "primary")
    noted = [answer(lead, at=9, new=False), Noted(0, 11, 11, 11.5, 0), answer(lead, at=12, new=True)]
    first, second = judged(noted, phases, [served(0.0, begin=0, settled=0)], [[lead]], SAID)
    assert (first.requests, first.lost, first.wrong.total()) == (1, 0, 0)
    assert (second.requests, second.lost, second.wrong.total()) == (2, 1, 1)
