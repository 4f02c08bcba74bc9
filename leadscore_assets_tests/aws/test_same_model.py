"""The same week under both trainers: one program, the same bytes, on one host and on two, interrupted or not."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.code_channel import CodeChannel
from leadscore_assets.backends.aws.s3_bundles import S3Bundles
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.backends.local.trainer import LocalTrainer
from leadscore_assets.backends.ports import TrainingJob
from leadscore_assets.domain import bundle
from leadscore_assets.domain.policy import policy_from
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets.steps.fitting import training_job
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.slicing import plan_cut
from leadscore_assets_tests.aws.emulated_training import Training
from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.aws.test_code_channel import Index
from leadscore_assets_tests.aws.training_site import Site, made_site
from leadscore_assets_tests.home import OLD, POLICY, Home

LONG = {"rounds": 230, "early_stopping_rounds": 10_000, "learning_rate": 0.01, "max_depth": 3}


@dataclass
class Both:
    """A home's platform, and a site in AWS that has its lake."""

    platform: Platform
    site: Site
    folder: Path

    def job(self, *, hosts: int = 1, **training: object) -> TrainingJob:
        policy = policy_from(
            {**POLICY, "resources": {"training_hosts": hosts}, "training": {**POLICY["training"], **training}}
        )
        ruled = replace(self.platform, policy=policy)
        return training_job(ruled, OLD, plan_cut(ruled, OLD).slices)

    def here(self, job: TrainingJob) -> str:
        trainer = LocalTrainer(
            folder=self.folder / "here", lake=self.platform.lake, bundles=LocalBundles(self.folder / "kept")
        )
        return trainer.train(job, on_line=lambda _: None).digest

    def there(self, job: TrainingJob, *, spot: bool = False) -> str:
        store = self.site.store
        trainer = self.site.trainer(
            lake=self.platform.lake,
            bundles=S3Bundles(store, self.site.bundles),
            code=CodeChannel(store, fetch=Index()),
            resources=ResourcesPolicy(training_hosts=job.hosts, spot=spot),
        )
        return trainer.train(job, on_line=self.site.lines.append).digest


@pytest.fixture
def both(account: Account, store: S3Store, ingested: Home, tmp_path: Path) -> Both:
    return Both(ingested.platform(), made_site(account, store, tmp_path), tmp_path)


def test_both_trainers_make_the_same_bundle_of_a_week(both: Both) -> None:
    job = both.job()
    digest = both.there(job)
    assert digest == both.here(job)
    assert both.site.store.head(f"bundles/{digest}/model.tar.gz") is not None


def test_more_hosts_are_another_job(both: Both) -> None:
    assert both.job(hosts=2).name != both.job(hosts=1).name


def test_a_job_of_two_hosts_whose_spot_machines_were_taken_away_ends_in_the_same_bundle_as_here(
    both: Both, emulator: Emulator
) -> None:
    training: Training = emulator.state["training"]
    training.faults.interrupted = 1
    job = both.job(hosts=2, **LONG)

    digest = both.there(job, spot=True)

    assert training.faults.interrupted == 0
    assert any("Interrupted" in line for line in both.site.lines)
    assert any(line.startswith("going on after round ") for line in both.site.lines)
    assert list(training.jobs) == [job.name]
    assert digest == both.here(job)
    _, files = bundle.read(both.site.bundles.path(digest))
    assert bundle.document(files, bundle.LINEAGE)["hosts"] == 2


def test_the_program_of_the_channel_is_the_one_that_runs(both: Both, emulator: Emulator) -> None:
    job = both.job()
    broken = replace(job, hyperparameters={"rounds": "many"})
    with pytest.raises(Exception, match=r"AlgorithmError: hyperparameters do not fit: rounds = 'many'.*exit code: 1"):
        both.there(broken)
    training: Training = emulator.state["training"]
    assert training.running() == []
