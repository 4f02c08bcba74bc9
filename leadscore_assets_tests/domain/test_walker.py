import json
from typing import Any

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore_assets.domain.forest import read_trees
from leadscore_assets.domain.ubjson import read_ubjson
from leadscore_assets.domain.walker import proved
from leadscore_assets.domain.xgboost_trees import BoostedTrees

WIDTH = 7
OBJECTIVES: dict[str, dict[str, Any]] = {
    "squared error": {"objective": "reg:squarederror"},
    "pseudo-Huber": {"objective": "reg:pseudohubererror", "base_score": 3.0},
    "ranking": {"objective": "rank:pairwise"},
    "logistic": {"objective": "binary:logistic"},
    "a forest": {"objective": "reg:squarederror", "num_parallel_tree": 20, "learning_rate": 1.0, "subsample": 0.6},
}


def rows(count: int, *, seed: int) -> Any:
    draw = np.random.default_rng(seed)
    found = draw.normal(size=(count, WIDTH)).astype(np.float32)
    found[:, 2] = draw.integers(0, 20, count)
    found[draw.random(found.shape) < 0.1] = np.nan
    return found


def booster(parameters: dict[str, Any], *, native: bool = False, rounds: int = 25) -> xgboost.Booster:
    matrix = rows(1500, seed=1)
    label = np.clip(np.rint(3 + np.nan_to_num(matrix[:, 0]) + np.nan_to_num(matrix[:, 2]) % 3), 1, 5)
    target = (label > 3).astype(float) if "logistic" in parameters["objective"] else label
    groups = {"qid": np.arange(1500) // 50} if "rank" in parameters["objective"] else {}
    types = ["c" if native and at == 2 else "q" for at in range(WIDTH)]
    data = xgboost.DMatrix(matrix, target, feature_types=types, enable_categorical=True, **groups)
    count = 1 if "num_parallel_tree" in parameters else rounds
    return xgboost.train({"max_depth": 4, "nthread": 1, **parameters}, data, num_boost_round=count)


def margins(model: xgboost.Booster, matrix: Any) -> bytes:
    return np.asarray(model.inplace_predict(matrix, predict_type="margin"), dtype=np.float64).tobytes()


@pytest.mark.parametrize("native", [False, True], ids=["numbers", "native categories"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_walker_gives_xgboosts_bits_for_one_row_and_for_a_few(name: str, native: bool) -> None:
    model = booster(OBJECTIVES[name], native=native)
    read = BoostedTrees.from_bytes(bytes(model.save_raw("ubj")), threads=1)
    assert read.engine == "walker"
    matrix = rows(64, seed=2)
    matrix[:, 2] = np.random.default_rng(3).integers(-1, 40, 64)
    assert b"".join(read.predict(matrix[at : at + 1]).tobytes() for at in range(64)) == margins(model, matrix)
    assert b"".join(read.predict(matrix[at : at + 8]).tobytes() for at in range(0, 64, 8)) == margins(model, matrix)


MODEL = booster(OBJECTIVES["squared error"], native=True)
READ = BoostedTrees.from_bytes(bytes(MODEL.save_raw("ubj")), threads=1)
THRESHOLDS = np.unique(READ.walker.trees.threshold[~np.isnan(READ.walker.trees.threshold)])  # type: ignore[union-attr]
number = st.one_of(st.floats(width=32, allow_infinity=False), st.sampled_from([float(value) for value in THRESHOLDS]))


@settings(max_examples=200)
@given(st.lists(number, min_size=WIDTH, max_size=WIDTH))
def test_no_row_tells_the_walker_from_xgboost(values: list[float]) -> None:
    matrix = np.array([values], dtype=np.float32)
    matrix[:, 2] = np.where(np.abs(matrix[:, 2]) < 1e6, np.floor(matrix[:, 2]), np.nan)
    assert READ.predict(matrix).tobytes() == margins(MODEL, matrix)


def test_a_model_cut_back_to_its_best_round_is_walked_as_it_was_cut() -> None:
    cut = booster(OBJECTIVES["squared error"])[:10]
    read = BoostedTrees.from_bytes(bytes(cut.save_raw("ubj")), threads=1)
    matrix = rows(8, seed=4)
    assert read.walker
    assert read.walker.trees.roots.size == 10
    assert read.predict(matrix).tobytes() == margins(cut, matrix)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"objective": "reg:gamma"}, "objective reg:gamma is not walked"),
        ({"objective": "reg:squarederror", "booster": "dart"}, "kind dart is not walked"),
        ({"objective": "multi:softprob", "num_class": 6}, "several classes"),
    ],
)
def test_a_model_that_is_not_walked_says_why_and_is_answered_by_xgboost(parameters: dict[str, Any], why: str) -> None:
    model = booster(parameters, rounds=3)
    read = BoostedTrees.from_bytes(bytes(model.save_raw("ubj")), threads=1)
    assert read.walker is None
    assert why in read.engine
    assert len(read.predict(rows(2, seed=5))) == 2


def test_a_walker_that_differs_is_not_used() -> None:
    other = booster({**OBJECTIVES["squared error"], "max_depth": 2})
    document = read_ubjson(bytes(MODEL.save_raw("ubj")))
    walker, why = proved(document, read_trees(document), other)
    assert walker is None
    assert "differs from XGBoost by" in why


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("left_children", 99_999),
        ("left_children", 0),
        ("left_children", -5),
        ("right_children", 99_999),
        ("split_indices", 1_000_000),
        ("split_indices", -1),
        ("split_conditions", float("inf")),
    ],
)
def test_broken_trees_are_refused_before_xgboost_sees_them(column: str, value: float) -> None:
    document = json.loads(bytes(MODEL.save_raw("json")))
    tree = document["learner"]["gradient_booster"]["model"]["trees"][3]
    tree[column][0] = value
    for item in document["learner"]["gradient_booster"]["model"]["trees"]:
        item.update({name: np.array(found) for name, found in item.items() if isinstance(found, list)})
    with pytest.raises(ValueError, match="its trees are broken"):
        read_trees(document)


@settings(max_examples=150)
@given(st.integers(0, 10_000_000), st.integers(0, 7))
def test_a_flipped_bit_or_a_cut_gives_a_model_or_a_value_error(place: int, bit: int) -> None:
    content = bytearray(MODEL.save_raw("ubj"))
    place %= len(content)
    content[place] ^= 1 << bit
    for damaged in (bytes(content), bytes(content[:place])):
        try:
            trees = read_trees(read_ubjson(damaged))
        except ValueError:
            continue
        assert trees


def test_ubjson_holds_what_json_holds() -> None:
    found, expected = read_ubjson(bytes(MODEL.save_raw("ubj"))), json.loads(bytes(MODEL.save_raw("json")))
    assert found["version"] == expected["version"]
    pairs = zip(*(doc["learner"]["gradient_booster"]["model"]["trees"] for doc in (found, expected)), strict=True)
    for mine, theirs in pairs:
        assert mine["left_children"].tolist() == theirs["left_children"]
        assert mine["split_conditions"].tolist() == np.array(theirs["split_conditions"], np.float32).tolist()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[$x#i\x01", b"S\x69\x05ab", b"[" * 100, b"q", b"[$d#i\xff", b"{i\x01a"]
)
def test_what_is_no_ubjson_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"UBJSON|nested"):
        read_ubjson(content)
