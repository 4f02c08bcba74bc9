"""Counts of a release: they add up over looks, restarts and configurations, and know where a tail begins."""

import pytest

from leadscore_assets.domain.release_counts import (
    LATENCY_EDGES_MS,
    LiveCounts,
    Stretch,
    VariantCounts,
    edge_at,
    grown,
    slower_edge,
    slower_than,
    tail_edge,
    together,
)

OLD, NEW = VariantCounts("old"), VariantCounts("new")


def live(champion: int, candidate: int, *, configuration: str = "1", joint: tuple[int, ...] = ()) -> LiveCounts:
    return LiveCounts(configuration, 0.1, VariantCounts("old", champion), VariantCounts("new", candidate), joint)


def latency(*counted: tuple[int, int]) -> tuple[int, ...]:
    found = [0] * (len(LATENCY_EDGES_MS) + 1)
    for place, count in counted:
        found[place] = count
    return tuple(found)


def test_only_what_is_new_since_the_last_look_is_added():
    first = grown(Stretch(0.1, OLD, NEW), live(90, 10), None, seconds=60)
    second = grown(first, live(180, 21), live(90, 10), seconds=60)
    assert (second.champion.leads, second.candidate.leads, second.seconds) == (180, 21, 120)


@pytest.mark.parametrize("configuration", ["1", "2"], ids=["counters fell", "another configuration"])
def test_counting_that_began_anew_counts_whole(configuration):
    first = grown(Stretch(0.1, OLD, NEW), live(90, 10), None, seconds=60)
    second = grown(first, live(40, 5, configuration=configuration), live(90, 10), seconds=60)
    assert (second.champion.leads, second.candidate.leads) == (130, 15)


def test_the_same_look_twice_adds_nothing():
    first = grown(Stretch(0.1, OLD, NEW), live(90, 10), None, seconds=60)
    assert grown(first, live(90, 10), live(90, 10), seconds=0) == first


def test_joint_counts_add_up_and_survive_a_restart():
    zero = grown(Stretch(0.0, OLD, NEW), live(2, 2, joint=(1, 1)), None, seconds=1)
    more = grown(zero, live(5, 5, joint=(3, 2)), live(2, 2, joint=(1, 1)), seconds=1)
    again = grown(more, live(1, 1, joint=(0, 1)), live(5, 5, joint=(3, 2)), seconds=1)
    assert (more.joint, again.joint) == ((3, 2), (3, 3))


def test_stretches_are_summed_by_arm():
    one, other = (Stretch(w, VariantCounts("old", 9, 1), VariantCounts("new", 1, 0, 1)) for w in (0.1, 0.5))
    champion, candidate = together([one, other])
    assert (champion.leads, champion.errors, candidate.invalid) == (18, 2, 2)


def test_half_slower_is_an_edge_of_its_own():
    place = slower_edge(40, 0.5)
    assert LATENCY_EDGES_MS[place] / LATENCY_EDGES_MS[40] == pytest.approx(1.5)
    assert slower_edge(len(LATENCY_EDGES_MS) - 1, 0.5) is None


def test_a_tail_is_found_however_narrow_latencies_are():
    spread = latency((30, 80), (35, 15), (40, 5))
    assert (edge_at(spread, 0.90), tail_edge(spread, 0.10)) == (35, 34)
    assert slower_than(spread, 34) == 20
    one = latency((30, 100))
    assert (tail_edge(one, 0.10), slower_than(one, 29)) == (29, 100)
    assert tail_edge((), 0.1) is edge_at((), 0.9) is None


def test_a_shadows_exposure_is_what_was_measured():
    assert Stretch(0.0, VariantCounts("old", 300), VariantCounts("new", 100)).exposure == 0.25
    assert Stretch(0.2, VariantCounts("old", 300), VariantCounts("new", 100)).exposure == 0.2
