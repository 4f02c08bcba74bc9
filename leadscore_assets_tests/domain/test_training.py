import json

import numpy as np
import pyarrow as pa
import pytest

from leadscore_assets.domain import bundle
from leadscore_assets.domain.calibration import fit_calibrator
from leadscore_assets.domain.contract import default_contract
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, NotEnoughData
from leadscore_assets.domain.learners import LEARNERS
from leadscore_assets.domain.metrics import spearman
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.domain.training import train_bundle
from leadscore_assets_tests.leads import as_requests, made_leads

CONTRACT = default_contract()
BOOSTED = {"rounds": 40, "early_stopping_rounds": 5, "learning_rate": 0.3, "learners": ["xgboost"]}
POLICY = policy_from({"training": BOOSTED})
TRAIN, VALIDATION, TEST = made_leads(900), made_leads(300, seed=1), made_leads(300, seed=2)


def trained(policy: Policy = POLICY, train: pa.Table = TRAIN) -> dict[str, bytes]:
    return train_bundle(train, VALIDATION, contract=CONTRACT, policy=policy, lineage={"week": "2026-01-05"})


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return trained()


@pytest.fixture
def folder(files, tmp_path):
    bundle.write(tmp_path, files)
    return tmp_path


def test_the_same_data_policy_and_seed_give_the_same_bytes(files):
    assert trained() == files


def test_other_data_or_another_seed_give_another_bundle(files):
    assert trained(train=made_leads(900, seed=9))[bundle.MODEL] != files[bundle.MODEL]
    other = policy_from({"training": {**POLICY.training.model_dump(), "seed": 7}})
    assert trained(other)[bundle.MODEL] != files[bundle.MODEL]


def test_a_trained_model_ranks_leads_it_has_not_seen(folder):
    score = Scorer.open(folder).score_table(TEST).score
    label = TEST[CONTRACT.label].to_numpy()
    assert np.corrcoef(score, label)[0, 1] > 0.6
    assert score.min() >= 1
    assert score.max() <= 5


def with_learner(learner: str, **training: str) -> Policy:
    return policy_from({"training": {**BOOSTED, "learners": [learner], **training}})


@pytest.mark.parametrize("learner", list(LEARNERS))
@pytest.mark.parametrize("encoding", ["ordinal", "onehot", "native"])
def test_batch_and_online_scores_are_the_same_bits(learner, encoding, tmp_path):
    policy = with_learner(learner)
    policy = policy.model_copy(update={"features": POLICY.features.model_copy(update={"encoding": encoding})})
    bundle.write(tmp_path, trained(policy))
    scorer = Scorer.open(tmp_path)
    batch = scorer.score_table(TEST)
    records = as_requests(TEST, CONTRACT)
    online = [scorer.score_records([record]).score[0] for record in records[:50]]
    assert batch.score[:50].tolist() == online
    assert batch.score.tolist() == scorer.score_records(records).score.tolist()


@pytest.mark.parametrize("learner", list(LEARNERS))
@pytest.mark.parametrize("objective", ["regression", "pseudo_huber", "rank", "binary"])
def test_each_objective_gives_scores_on_the_labels_scale_with_reasons_and_the_same_bits_online(learner, objective):
    files = trained(with_learner(learner, objective=objective))
    assert trained(with_learner(learner, objective=objective)) == files
    scorer = Scorer.from_files("objective", files)
    batch = scorer.score_table(TEST)
    assert spearman(batch.score, TEST[CONTRACT.label].to_numpy()) > 0.7
    assert batch.score.min() >= 1
    assert batch.score.max() <= 5
    online = [scorer.score_records([record]).score[0] for record in as_requests(TEST.slice(0, 30), CONTRACT)]
    assert batch.score[:30].tolist() == online
    first = [found[0].feature for found in scorer.reasons(TEST, most=3)]
    assert max(set(first), key=first.count) == "email_open_rate"


def test_binary_can_learn_the_outcome_and_needs_one():
    outcome = CONTRACT.outcome or ""
    half = TRAIN[outcome].to_pylist()[:450] + [None] * 450
    some = TRAIN.set_column(TRAIN.column_names.index(outcome), outcome, pa.array(half, pa.bool_()))
    policy = with_learner("xgboost", objective="binary", positive="outcome")
    score = Scorer.from_files("outcome", trained(policy, some)).score_table(TEST).score
    assert spearman(score, TEST[CONTRACT.label].to_numpy()) > 0.3
    none = TRAIN.set_column(TRAIN.column_names.index(outcome), outcome, pa.nulls(900, pa.bool_()))
    with pytest.raises(InvalidInput, match="no row has an outcome"):
        trained(policy, none)


def test_every_learner_stands_in_the_metrics_and_the_best_on_validation_is_in_the_bundle():
    training = {**BOOSTED, "learners": ["xgboost", "linear", "forest"]}
    files = trained(policy_from({"training": training}))
    summary = json.loads(files[bundle.METRICS])
    lines = {line["learner"]: line for line in summary["learners"]}
    assert list(lines) == ["xgboost", "linear", "forest"]
    best = max(lines.values(), key=lambda line: line["spearman"])
    assert [line["learner"] for line in lines.values() if line["won"]] == [best["learner"]] == [summary["learner"]]
    assert bundle.model_file(files) == LEARNERS[summary["learner"]].file
    assert summary["validation_rmse"] == best["rmse"]
    served = Scorer.from_files("best", files).score_table(VALIDATION).score
    assert spearman(served, VALIDATION[CONTRACT.label].to_numpy()) == pytest.approx(best["spearman"])
    for learner in lines:
        named = json.loads(trained(policy_from({"training": {**training, "choose": learner}}))[bundle.METRICS])
        assert named["learner"] == learner
        assert named["hyperparameters"]["choose"] == learner


def test_reasons_are_the_largest_contributions(folder):
    scorer = Scorer.open(folder)
    reasons = scorer.reasons(TEST, most=3)
    assert all(len(found) == 3 for found in reasons)
    assert all(abs(a.contribution) >= abs(b.contribution) for a, b, _ in reasons)
    named = [found[0].feature for found in reasons]
    assert max(set(named), key=named.count) == "email_open_rate"
    assert scorer.reasons(TEST.slice(0, 2), most=0) == [[], []]


def test_bands_cut_the_validation_scores_at_their_shares(folder):
    scored = Scorer.open(folder).score_table(VALIDATION)
    assert 0.05 < scored.band.count("hot") / 300 < 0.15
    best, worst = scored.band[int(np.argmax(scored.score))], scored.band[int(np.argmin(scored.score))]
    assert (best, worst) == ("hot", "cold")


def test_boosting_stops_early_and_keeps_the_best_round(files):
    summary = json.loads(files[bundle.METRICS])
    curve = summary["validation_curve"]
    assert summary["rounds"] == int(np.argmin(curve)) + 1
    assert summary["rounds_tried"] == len(curve) <= 40


def test_golden_rows_are_nobodys_lead(files):
    golden = json.loads(files[bundle.GOLDEN])
    leads = {
        json.dumps(record, sort_keys=True)
        for record in as_requests(
            VALIDATION.drop_columns([CONTRACT.key]).append_column(CONTRACT.key, pa.array(["x"] * 300)), CONTRACT
        )
    }
    assert len(golden["records"]) == len(golden["scores"]) == 16
    assert not any(json.dumps({**record, "lead_id": "x"}, sort_keys=True) in leads for record in golden["records"])


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "absent", "stray", "link"])
def test_a_damaged_bundle_is_refused(folder, damage):
    path = folder / bundle.MODEL
    content = path.read_bytes()
    if damage == "flip":
        path.write_bytes(content[:200] + bytes([content[200] ^ 4]) + content[201:])
    elif damage == "truncate":
        path.write_bytes(content[:-10])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "absent":
        path.unlink()
    elif damage == "stray":
        (folder / "model.pkl").write_bytes(b"x")
    else:
        path.rename(folder.parent / "elsewhere")
        path.symlink_to(folder.parent / "elsewhere")
    with pytest.raises(CorruptArtefact, match="train the week again"):
        Scorer.open(folder)


def test_a_bundle_whose_manifest_was_rewritten_is_not_the_one_asked_for(folder, files):
    digest = bundle.verify(folder)
    bundle.write(folder, {**files, bundle.BANDS: b'{"bounds":[["all",0]],"clip":true}'})
    with pytest.raises(CorruptArtefact, match="not " + digest[:12]):
        Scorer.open(folder, digest=digest)


def test_golden_rows_that_score_differently_are_refused(folder, files):
    golden = json.loads(files[bundle.GOLDEN])
    golden["scores"][3] += 0.01
    bundle.write(folder, {**files, bundle.GOLDEN: bundle.json_bytes(golden)})
    with pytest.raises(CorruptArtefact, match="golden rows score differently here"):
        Scorer.open(folder)


def test_a_slice_without_a_label_is_refused():
    nothing = TRAIN.set_column(TRAIN.column_names.index(CONTRACT.label), CONTRACT.label, pa.nulls(900, pa.int64()))
    with pytest.raises(NotEnoughData, match="train slice has no labelled row"):
        trained(train=nothing)


def test_a_calibrator_rises_and_comes_near_the_observed_share():
    generator = np.random.default_rng(3)
    score = generator.uniform(1, 5, 5000)
    outcome = (generator.random(5000) < score / 10).astype(float)
    calibrator = fit_calibrator(score, outcome)
    found = calibrator.predict(np.array([1.5, 3.0, 4.5]))
    assert found is not None
    assert np.allclose(found, [0.15, 0.30, 0.45], atol=0.05)
    assert np.all(np.diff(calibrator.probabilities) >= 0)


def test_one_class_of_outcomes_gives_no_calibrator():
    calibrator = fit_calibrator(np.array([1.0, 2.0]), np.array([1.0, np.nan]))
    assert calibrator.predict(np.array([1.0])) is None
