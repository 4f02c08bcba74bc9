"""Training on SageMaker: the same program as on this machine, on rented ones, paid for once.

A job's name comes from its content, and SageMaker keeps names for ever: whoever asks again finds the job that runs and
waits with it, or the one that is done. Only after a failed or stopped attempt is there a next one. Whatever ends the
wait early stops the job, so that nothing goes on being billed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.code_channel import CodeChannel, CodeSource
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.images import training_image
from leadscore_assets.backends.aws.instances import checked_instance
from leadscore_assets.backends.aws.prices import Prices
from leadscore_assets.backends.aws.requests_training import TrainingPlace, training_request
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.training_end import OVER, problem, result
from leadscore_assets.backends.aws.training_files import TrainingFiles
from leadscore_assets.backends.aws.training_progress import TrainingProgress
from leadscore_assets.backends.aws.waiting import Patience, await_end
from leadscore_assets.backends.ports import BundleStore, Lake, TrainingJob, TrainingResult
from leadscore_assets.domain.errors import LeadscoreError, PermanentError
from leadscore_assets.domain.resources_policy import ResourcesPolicy

_ATTEMPTS = 25
_TAKEN, _UNKNOWN = "ResourceInUse", "ValidationException"
_START_MINUTES = 30
_LOOK_SECONDS = 15.0
Say = Callable[[str], None]


class SageMakerTrainer:
    """Runs training jobs in an account and keeps their bundles in `bundles`.

    `store` is the site's bucket at `place.root`, where `code` keeps the program. A job may take as long as its own
    bound, and spot machines and a slow start as long again as they are given, unless `patience` says otherwise.
    """

    def __init__(  # noqa: PLR0913 - what a remote job needs
        self,
        account: Account,
        store: S3Store,
        place: TrainingPlace,
        resources: ResourcesPolicy,
        *,
        lake: Lake,
        bundles: BundleStore,
        code: CodeSource | None = None,
        prices: Prices | None = None,
        look_seconds: float = _LOOK_SECONDS,
        patience: Patience | None = None,
    ) -> None:
        self._account = account
        self._place = place
        self._resources = resources
        self._bundles = bundles
        self._files = TrainingFiles(account, store, lake, place)
        self._code: CodeSource = code or CodeChannel(store)
        self._prices = prices or Prices.read()
        self._look_seconds = look_seconds
        self._patience = patience

    def train(self, job: TrainingJob, *, on_line: Say) -> TrainingResult:
        """Run a job to its end, or go on with the attempt that runs, or take the model that one left before.

        Raise PermanentError with the job's own reason, TransientError where a later try may succeed.
        """
        name, found = self._attempt(job)
        if found and found["TrainingJobStatus"] == "Completed":
            on_line(f"job {name} was done before")
            return self._taken(found, reused=True)
        request = None if found else self._request(name, job, on_line)
        with self._stopped_unless_ended(name, on_line):
            self._start(name, request, on_line)
            described = self._waited(name, job, on_line)
        failed = problem(described)
        if failed:
            raise failed
        return self._taken(described, reused=False)

    def _attempt(self, job: TrainingJob) -> tuple[str, dict[str, Any] | None]:
        """Return the attempt that counts, the first that runs or left its model, else the name of a new one."""
        for name in _names(job):
            described = self._described(name)
            if described is None or described["TrainingJobStatus"] == "InProgress":
                return name, described
            if described["TrainingJobStatus"] == "Completed" and self._files.holds(_model_of(described)):
                return name, described
        raise PermanentError(
            f"training job {job.name} failed or was stopped {_ATTEMPTS} times; look at its attempts in SageMaker, and "
            "change the data or the policy so that it becomes another job"
        )

    def _described(self, name: str) -> dict[str, Any] | None:
        try:
            return self._account.call("sagemaker", "describe_training_job", TrainingJobName=name)
        except AwsRefused as error:
            if error.code == _UNKNOWN:
                return None
            raise

    def _request(self, name: str, job: TrainingJob, on_line: Say) -> dict[str, Any]:
        """Put the job's files in place and return the request that starts it."""
        checked_instance(self._resources.training_instance, use="training")
        image = self._place.image or training_image(self._account.region)
        self._files.upload(job)
        code = self._code.address(job, on_line=on_line)
        return training_request(name, job, code=code, image=image, place=self._place, resources=self._resources)

    def _start(self, name: str, request: dict[str, Any] | None, on_line: Say) -> None:
        if request is None:
            on_line(f"job {name} is running already; waiting with it")
            return
        try:
            self._account.call("sagemaker", "create_training_job", **request)
        except AwsRefused as error:
            if error.code != _TAKEN:
                raise
            on_line(f"job {name} was started by another run meanwhile; waiting with it")

    def _waited(self, name: str, job: TrainingJob, on_line: Say) -> dict[str, Any]:
        progress = TrainingProgress(self._account, name, on_line)

        def look() -> dict[str, Any] | None:
            described = self._account.call("sagemaker", "describe_training_job", TrainingJobName=name)
            progress.tell(described)
            return described if described["TrainingJobStatus"] in OVER else None

        return await_end(look, what=f"training job {name}", patience=self._patience or self._enough(job))

    def _enough(self, job: TrainingJob) -> Patience:
        minutes = job.maximum_minutes + _START_MINUTES
        if self._resources.spot:
            minutes += self._resources.spot_wait_minutes
        return Patience(interval=self._look_seconds, deadline=minutes * 60.0)

    @contextmanager
    def _stopped_unless_ended(self, name: str, on_line: Say) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._stop(name, on_line)
            raise

    def _stop(self, name: str, on_line: Say) -> None:
        try:
            self._account.call("sagemaker", "stop_training_job", TrainingJobName=name)
        except AwsRefused as error:
            # A job that was never made, or that ended by itself, is not there to be stopped.
            if error.code != _UNKNOWN:
                on_line(f"job {name} could not be stopped: {error}")
        except LeadscoreError as error:
            on_line(f"job {name} could not be stopped and ends by its own bound: {error}")
        else:
            on_line(f"job {name} was told to stop")

    def _taken(self, described: dict[str, Any], *, reused: bool) -> TrainingResult:
        with self._files.model(_model_of(described)) as folder:
            digest = self._bundles.add(folder)
        return result(described, digest, prices=self._prices, region=self._account.region, reused=reused)


def _model_of(described: dict[str, Any]) -> str:
    return str(described.get("ModelArtifacts", {}).get("S3ModelArtifacts", ""))


def _names(job: TrainingJob) -> Iterator[str]:
    yield job.name
    for number in range(2, _ATTEMPTS + 1):
        yield f"{job.name}-{number}"
