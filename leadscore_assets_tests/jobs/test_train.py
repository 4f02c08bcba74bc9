import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from leadscore_assets.domain import bundle
from leadscore_assets.domain.contract import default_contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.policy import policy_from
from leadscore_assets.jobs import train
from leadscore_assets.jobs.container import Container
from leadscore_assets_tests.leads import START, made_leads

CONTRACT = default_contract()
POLICY = policy_from({"training": {"rounds": 15, "early_stopping_rounds": 5, "learners": ["xgboost"]}})


@pytest.fixture
def root(tmp_path):
    """A container's tree as the platform lays it out."""
    data, config = tmp_path / "input" / "data", tmp_path / "input" / "config"
    for name, seed in (("train", 0), ("validation", 1)):
        (data / name).mkdir(parents=True)
        pq.write_table(made_leads(300, seed=seed), data / name / "2026-01-05.parquet")
    (data / "documents").mkdir()
    documents = {
        "contract": CONTRACT.model_dump(mode="json"),
        "policy": POLICY.model_dump(mode="json"),
        "lineage": {"week": "w"},
    }
    for name, content in documents.items():
        (data / "documents" / f"{name}.json").write_text(json.dumps(content))
    config.mkdir()
    (config / "hyperparameters.json").write_text(json.dumps({"max_depth": "3", "rounds": "10"}))
    (config / "inputdataconfig.json").write_text(
        json.dumps({name: {} for name in ("train", "validation", "documents")})
    )
    (config / "resourceconfig.json").write_text(json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}))
    return tmp_path


def started(root, **variables) -> subprocess.Popen:
    given = {**os.environ, "LEADSCORE_ML_ROOT": str(root), **variables}
    return subprocess.Popen(
        [sys.executable, "-m", "leadscore_assets.jobs.train"],
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_program_leaves_a_bundle_and_reports_its_progress(root):
    process = started(root)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    digest = bundle.verify(root / "model")
    assert f"bundle={digest}" in output
    assert "round 1/10 validation_rmse=" in output


def test_hyperparameters_given_as_strings_win_over_the_policy(root):
    train.run(Container(root, {}))
    summary = json.loads((root / "model" / bundle.METRICS).read_text())
    assert summary["rounds_tried"] == 10


def test_a_list_is_given_as_names_with_commas(root):
    (root / "input" / "config" / "hyperparameters.json").write_text(
        json.dumps({"learners": "linear,xgboost", "choose": "linear"})
    )
    train.run(Container(root, {}))
    summary = json.loads((root / "model" / bundle.METRICS).read_text())
    assert [line["learner"] for line in summary["learners"]] == ["linear", "xgboost"]
    assert (root / "model" / "model.json").is_file()


def test_a_search_begins_where_the_champion_stands_and_is_told_trial_by_trial(root, capsys):
    documents = root / "input" / "data" / "documents"
    policy = {"training": {"rounds": 5, "learners": ["xgboost"]}, "tuning": {"trials": 3, "minimum_fold_rows": 50}}
    (documents / "policy.json").write_text(json.dumps(policy))
    champion = {"digest": "c" * 64, "hyperparameters": {"max_depth": 3}}
    (documents / "champion.json").write_text(json.dumps(champion))
    (root / "input" / "config" / "hyperparameters.json").unlink()
    later = made_leads(300, seed=2, start=START + timedelta(days=1))
    pq.write_table(later, root / "input" / "data" / "train" / "2026-01-06.parquet")
    train.run(Container(root, {}))
    record = json.loads((root / "model" / bundle.METRICS).read_text())["tuning"]
    assert record["started_from"] == f"champion {'c' * 64}"
    assert record["trials"] == 3
    assert "trial 3/3 score=" in capsys.readouterr().out


def test_sm_variables_are_the_fallback_where_a_file_is_not_there(root):
    config = root / "input" / "config"
    (config / "hyperparameters.json").unlink()
    (config / "inputdataconfig.json").unlink()
    moved = root / "elsewhere"
    (root / "input" / "data" / "train").rename(moved)
    variables = {
        "SM_HPS": '{"rounds": 4}',
        "SM_INPUT_DATA_CONFIG": '{"train": {}, "validation": {}, "documents": {}}',
        "SM_CHANNEL_TRAIN": str(moved),
        "SM_MODEL_DIR": str(root / "made"),
    }
    train.run(Container(root, variables))
    assert json.loads((root / "made" / bundle.METRICS).read_text())["rounds_tried"] == 4


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("hyperparameters.json", '{"depth": "3"}', "hyperparameters depth are not known"),
        ("hyperparameters.json", '{"max_depth": "deep"}', "max_depth"),
        ("hyperparameters.json", "[]", "holds no JSON object"),
        ("inputdataconfig.json", '{"train": {}}', "channel documents is not there; the job was given train"),
    ],
)
def test_a_job_that_cannot_run_leaves_its_reason_in_the_failure_file(root, monkeypatch, file, content, told):
    (root / "input" / "config" / file).write_text(content)
    monkeypatch.setenv("LEADSCORE_ML_ROOT", str(root))
    assert train.main() == 1
    assert told in (root / "output" / "failure").read_text()
    assert not (root / "model").exists()


def test_a_corrupt_channel_file_is_a_failure_with_a_reason(root):
    (root / "input" / "data" / "train" / "2026-01-05.parquet").write_bytes(b"PAR1 not really")
    process = started(root)
    process.communicate(timeout=60)
    assert process.returncode == 1
    assert (root / "output" / "failure").read_text()


def test_sigterm_stops_the_job_and_says_so(root):
    (root / "input" / "config" / "hyperparameters.json").write_text(
        json.dumps({"rounds": "10000", "early_stopping_rounds": "10000", "learning_rate": "0.001"})
    )
    process = started(root)
    assert process.stdout is not None
    deadline = time.monotonic() + 60
    while "round 1/" not in process.stdout.readline():
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert "SIGTERM" in (root / "output" / "failure").read_text()


def test_the_failure_file_keeps_what_the_platform_reads(tmp_path):
    Container(tmp_path, {}).fail("x" * 5000)
    assert len((tmp_path / "output" / "failure").read_text()) == 1024


def test_unknown_hyperparameters_are_refused_by_name():
    with pytest.raises(InvalidInput, match="eta"):
        train._with_hyperparameters(POLICY, {"eta": "0.1"})
