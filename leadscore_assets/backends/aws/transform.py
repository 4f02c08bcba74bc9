"""Batches scored by SageMaker transform jobs: leads go up as lines, the serving container answers each.

A job's name comes from its leads, model and machine: a run that comes again finds its job, at work or done. One that is
given up is stopped, so that nothing goes on costing.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.requests_transform import Place, job_name, job_request, model_request
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.waiting import Patience, await_end
from leadscore_assets.domain import bundle
from leadscore_assets.domain.batch import SCORED, lead_lines, scored_from_lines
from leadscore_assets.domain.errors import LeadscoreError, PermanentError, TransientError
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.resources_policy import ResourcesPolicy

_FILE = "leads.jsonl"
_ATTEMPTS = 20
_ENDS = frozenset({"Completed", "Failed", "Stopped"})
_PASSING = ("InternalServerError", "InternalServerException", "CapacityError")
_LOG = "/aws/sagemaker/TransformJobs"
Seen = dict[str, Any]


class ServedBundles(Protocol):
    """Bundles that are both here and where SageMaker reads them."""

    def path(self, digest: str) -> Path:
        """Return a bundle's folder on this machine; raise Missing."""
        ...

    def uri(self, digest: str) -> str:
        """Return the address of a bundle's archive in S3."""
        ...


class SageMakerTransform:
    """Scores a batch by one transform job on the policy's machine."""

    def __init__(
        self,
        account: Account,
        *,
        store: S3Store,
        bundles: ServedBundles,
        place: Place,
        resources: ResourcesPolicy,
        patience: Patience,
    ) -> None:
        self._account = account
        self._store = store
        self._bundles = bundles
        self._place = place
        self._resources = resources
        self._patience = patience

    def score(self, package: Package, leads: pa.Table, *, reasons: int) -> pa.Table:
        """Score leads with a package's bundle; raise PermanentError with the job's own reason, else TransientError."""
        if not leads.num_rows:
            return SCORED.empty_table()
        contract = bundle.contract_of(self._bundles.path(package.digest), digest=package.digest)
        keys = [f"{key}" for key in leads[contract.key].to_pylist()]

        def read(answers: bytes) -> pa.Table:
            return scored_from_lines(answers, keys, digest=package.digest, version=package.version)

        return self._answered(self._model(package, reasons), lead_lines(leads, contract), read)

    def _model(self, package: Package, reasons: int) -> str:
        """Return the name of the model that scores, made unless one of this content is there."""
        url, isolated = self._bundles.uri(package.digest), self._resources.isolated
        request = model_request(package, url, reasons=reasons, place=self._place, isolated=isolated)
        name = str(request["ModelName"])
        try:
            self._account.call("sagemaker", "describe_model", ModelName=name)
        except AwsRefused as error:
            if not _is_absent(error):
                raise
            self._make_model(request)
        return name

    def _make_model(self, request: dict[str, Any]) -> None:
        """Create a model; one that another run made meanwhile is the same."""
        try:
            self._account.call("sagemaker", "create_model", **request)
        except AwsRefused as error:
            if "already exist" not in str(error):
                raise

    def _answered(self, model: str, lines: bytes, read: Callable[[bytes], pa.Table]) -> pa.Table:
        """Return what the first job of these lines that goes well answers, as read.

        An attempt that ended before this one is let be, unless it went well; one that this one saw end badly is told.
        """
        digest = hashlib.sha256(lines).hexdigest()
        for attempt in range(1, _ATTEMPTS + 1):
            name = job_name(model, self._resources.transform_instance, digest, attempt)
            before = self._look(name)
            if before is None:
                self._begin(name, model, lines)
            try:
                return read(self._answers(name))
            except LeadscoreError:
                if before is None or before["TransformJobStatus"] == "InProgress":
                    raise
        raise PermanentError(f"transform job {name} is the last of {_ATTEMPTS} that ended badly; look at {_LOG}")

    def _answers(self, name: str) -> bytes:
        """Wait for a job and return its answers; raise as it ended when it has none."""
        ended = self._awaited(name)
        found = self._store.get(_output(name)) if ended["TransformJobStatus"] == "Completed" else None
        if found is None:
            raise _failure(name, ended)
        return found.content

    def _begin(self, name: str, model: str, lines: bytes) -> None:
        """Lay the leads where the job finds them and create it; another run's job of this name is ours too."""
        self._store.put(f"{_folder(name)}/input/{_FILE}", lines)
        request = job_request(
            name,
            model,
            source=self._store.uri(f"{_folder(name)}/input/"),
            target=self._store.uri(f"{_folder(name)}/output/"),
            place=self._place,
            instance=self._resources.transform_instance,
        )
        try:
            self._account.call("sagemaker", "create_transform_job", **request)
        except AwsRefused as error:
            if error.code != "ResourceInUse":
                raise

    def _look(self, name: str) -> Seen | None:
        try:
            return self._account.call("sagemaker", "describe_transform_job", TransformJobName=name)
        except AwsRefused as error:
            if _is_absent(error):
                return None
            raise

    def _awaited(self, name: str) -> Seen:
        """Wait for a job's end and return how it ended; a job that nobody waits for any more is stopped."""

        def look() -> Seen | None:
            seen = self._look(name)
            return seen if seen and seen["TransformJobStatus"] in _ENDS else None

        try:
            return await_end(look, what=f"transform job {name}", patience=self._patience)
        except BaseException:
            with suppress(LeadscoreError):
                self._account.call("sagemaker", "stop_transform_job", TransformJobName=name)
            raise


def _folder(name: str) -> str:
    return f"transform/{name}"


def _output(name: str) -> str:
    """Where SageMaker writes the answers: the input's name with `.out` behind it."""
    return f"{_folder(name)}/output/{_FILE}.out"


def _is_absent(error: AwsRefused) -> bool:
    return error.code == "ResourceNotFound" or (error.code == "ValidationException" and "ould not find" in str(error))


def _failure(name: str, ended: Seen) -> LeadscoreError:
    status, reason = ended["TransformJobStatus"], ended.get("FailureReason") or "no reason was given"
    if status == "Stopped":
        return TransientError(f"transform job {name} was stopped; score the week again")
    if status == "Completed":
        return PermanentError(f"transform job {name} completed and left no answers; look at {_LOG}")
    if reason.startswith(_PASSING):
        return TransientError(f"transform job {name} failed: {reason}; score the week again")
    return PermanentError(f"transform job {name} failed: {reason}; its log is in {_LOG}")
