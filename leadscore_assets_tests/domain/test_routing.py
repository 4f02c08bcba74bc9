import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from leadscore_assets.domain.routing import routed, shares

KEYS = [f"lead-{number}" for number in range(400)]
weight = st.floats(0, 100, allow_nan=False).map(lambda value: round(value, 3))


@given(st.lists(weight, min_size=2, max_size=5), st.integers(0, 4), st.floats(0.01, 50), st.text(max_size=8))
def test_raising_a_weight_moves_leads_to_that_variant_and_no_other_lead(
    weights: list[float], raised: int, more: float, salt: str
) -> None:
    raised %= len(weights)
    before = [(f"v{at}", value) for at, value in enumerate(weights)]
    after = [(name, value + more * (at == raised)) for at, (name, value) in enumerate(before)]
    if not any(weights):
        before = [(name, 1.0 * (at != raised)) for at, (name, _) in enumerate(before)]
        after = [(name, value + more * (at == raised)) for at, (name, value) in enumerate(before)]
    for key in KEYS[:60]:
        old, new = routed(key, before, salt=salt), routed(key, after, salt=salt)
        assert new in (old, f"v{raised}")


def test_the_leads_of_a_growing_canary_are_nested_sets() -> None:
    sets = []
    for percent in (0, 1, 5, 10, 25, 50, 75, 100):
        weights = [("champion", 100.0 - percent), ("candidate", float(percent))]
        sets.append({key for key in KEYS if routed(key, weights, salt="release-7") == "candidate"})
    assert sets[0] == set()
    assert sets[-1] == set(KEYS)
    assert all(small <= large for small, large in pairwise(sets))


@pytest.mark.parametrize("percent", [1, 5, 10, 50])
def test_the_split_is_that_of_the_weights(percent: int) -> None:
    keys = [f"lead-{number}" for number in range(20_000)]
    weights = [("champion", 100.0 - percent), ("candidate", float(percent))]
    found = sum(routed(key, weights, salt="a") == "candidate" for key in keys)
    low, high = binom.interval(0.999, len(keys), percent / 100)
    assert low <= found <= high


def test_another_salt_deals_the_leads_independently() -> None:
    weights = [("champion", 1.0), ("candidate", 1.0)]
    sides = np.array([[routed(key, weights, salt=salt) == "candidate" for key in KEYS] for salt in ("a", "b", "c")])
    assert (np.abs(np.corrcoef(sides)[np.triu_indices(3, 1)]) < 3.3 / np.sqrt(len(KEYS))).all()


def test_every_process_gives_a_lead_the_same_variant() -> None:
    weights = [("champion", 9.0), ("candidate", 1.0)]
    program = (
        "from leadscore_assets.domain.routing import routed; "
        f"print([routed(f'lead-{{n}}', {weights!r}, salt='s') for n in range(50)])"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert told == [str([routed(key, weights, salt="s") for key in KEYS[:50]])] * 2


def test_a_variant_without_weight_gets_no_lead_and_the_only_one_gets_all() -> None:
    assert {routed(key, [("a", 0.0), ("b", 2.0)], salt="") for key in KEYS} == {"b"}
    assert routed("\ud800", [("a", 1.0), ("b", 2.0)], salt="") in ("a", "b")
    assert shares([("a", 1.0), ("b", 3.0)]) == {"a": 0.25, "b": 0.75}
