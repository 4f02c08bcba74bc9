"""A week's training job: what it is given, and what of it a person sees."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import dagster as dg
import pytest

from leadscore_assets.assets.model import trained_model
from leadscore_assets.backends.ports import Trainer, TrainingJob, TrainingResult
from leadscore_assets.domain import bundle
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.steps.fitting import training_job
from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import NEW, OLD, POLICY, START, Home

TUNING = {"trials": 3, "minimum_fold_rows": 20}


def ruled(platform: Platform, **change: object) -> Platform:
    policy: Policy = policy_from({**POLICY, **change})
    return replace(platform, policy=policy)


@pytest.fixture
def platform(judged: Home) -> Platform:
    return judged.platform()


def test_a_job_is_given_train_and_validation_and_never_the_test_slice(platform: Platform) -> None:
    job = training_job(ruled(platform, tuning=TUNING), NEW)
    test = {file.path for file in platform.lake.slice(NEW, "test").files}
    given = {file.path for part in (job.train, job.validation) for file in part.files}
    assert test
    assert not test & given


def test_hyperparameters_are_strings_and_lists_are_joined(platform: Platform) -> None:
    job = training_job(platform, NEW)
    assert job.hyperparameters["learners"] == ",".join(platform.policy.training.learners)
    assert job.hyperparameters["rounds"] == "10"
    assert not {"maximum_minutes", "preset"} & set(job.hyperparameters)


def test_a_search_is_given_the_parameters_of_an_older_champion_alone(platform: Platform) -> None:
    champion = platform.registry.production()
    assert champion
    assert champion.week == OLD
    tuned = ruled(platform, tuning=TUNING)
    assert "champion" not in training_job(platform, NEW).documents
    assert "champion" not in training_job(tuned, OLD).documents
    document = training_job(tuned, NEW).documents["champion"]
    _, files = bundle.read(platform.bundles.path(champion.digest))
    assert document["digest"] == champion.digest
    assert document["hyperparameters"] == bundle.document(files, bundle.METRICS)["hyperparameters"]
    cold = ruled(platform, tuning={**TUNING, "warm_start": False})
    assert "champion" not in training_job(cold, NEW).documents


def test_another_search_is_another_job_and_the_same_search_the_same(platform: Platform) -> None:
    tuned = ruled(platform, tuning=TUNING)
    assert training_job(tuned, NEW).name == training_job(tuned, NEW).name
    assert training_job(tuned, NEW).name != training_job(platform, NEW).name


@dataclass(frozen=True)
class Rented:
    """A trainer whose machines are rented at a price that nobody knows."""

    inner: Trainer

    def train(self, job: TrainingJob, *, on_line: Callable[[str], None]) -> TrainingResult:
        done = self.inner.train(job, on_line=on_line)
        return replace(done, cost=None, facts={"instance": "ml.c5.2xlarge", "billable_seconds": 60.0})


def test_the_number_of_hosts_is_part_of_what_a_job_is(platform: Platform) -> None:
    two = training_job(ruled(platform, resources={"training_hosts": 2}), NEW)
    assert (two.hosts, two.documents["lineage"]["hosts"]) == (2, 2)
    assert two.name != training_job(platform, NEW).name


def test_a_person_sees_every_learner_the_search_and_what_it_took(judged: Home, copy) -> None:
    tuned = ruled(copy(judged).platform(), tuning=TUNING)
    tuned = replace(tuned, trainer=Rented(tuned.trainer))
    weekly = dg.WeeklyPartitionsDefinition(start_date=START.isoformat(), day_offset=1)
    asset = trained_model(weekly)
    result = dg.materialize(
        [asset], partition_key=NEW.isoformat(), resources={"platform": dg.ResourceDefinition.hardcoded_resource(tuned)}
    )
    metadata = result.asset_materializations_for_node("trained_model")[0].metadata
    shown = {name: getattr(value, "value", None) for name, value in metadata.items()}
    assert shown["tuning_trials"] == 3
    assert {"tuning_optimism", "tuning_best_score", "tuning_validation_score", "tuning_kept"} <= set(shown)
    learners = [line.data["learner"] for line in metadata["learners"].records]
    assert learners == list(tuned.policy.training.learners)
    assert shown["learner"] in learners
    assert (shown["cost"], shown["limit_minutes"]) == ("unknown", 120)
    assert (shown["platform_instance"], shown["platform_billable_seconds"]) == ("ml.c5.2xlarge", 60.0)
    assert shown["seconds"] > 0
