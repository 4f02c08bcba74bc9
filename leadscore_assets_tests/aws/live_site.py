"""What one live run makes in a real account, found by its own name, and deleted again whatever happened."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsError, AwsRefused
from leadscore_assets.backends.aws.waiting import Patience, await_end

_GONE = ("ValidationException", "ResourceNotFound", "ResourceNotFoundException")
_OBJECTS_IN_ONE_CALL = 1_000


@dataclass(frozen=True)
class LiveSite:
    """One run's endpoint, jobs and folder; nothing else in the account is touched.

    `jobs` are words that the names of its training jobs hold.
    """

    account: Account
    name: str
    bucket: str
    prefix: str
    jobs: tuple[str, ...]
    patience: Patience = field(default_factory=lambda: Patience(interval=15, deadline=1800))

    def left(self) -> list[str]:
        """Return what is still there, one line each; training jobs that ended cost nothing and cannot be deleted."""
        found = [f"{kind} {item}" for kind, (listed, _) in self._kinds().items() for item in listed()]
        return found + [f"object {item['Key']}" for item in self._objects()]

    def clear(self) -> list[str]:
        """Delete everything, and return what could not be deleted and why; the caller asks what is left."""
        failed = []
        for listed, delete in self._kinds().values():
            for item in list(listed()):
                try:
                    delete(item)
                except AwsError as error:
                    failed += [] if error.code in _GONE else [f"{item}: {error}"]
        self._empty()
        return failed

    def _kinds(self) -> dict[str, tuple[Callable[[], Iterator[str]], Callable[[str], Any]]]:
        """Every kind of thing with how it is listed and deleted, in the order in which one holds the next."""
        return {
            "training job": (self._training_jobs, self._end_training),
            "endpoint": (self._endpoints, self._end_endpoint),
            "endpoint configuration": (
                lambda: self._named("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
                lambda name: self._sagemaker("delete_endpoint_config", EndpointConfigName=name),
            ),
            "model": (
                lambda: self._named("list_models", "Models", "ModelName"),
                lambda name: self._sagemaker("delete_model", ModelName=name),
            ),
            "package": (
                self._packages,
                lambda arn: self._sagemaker("delete_model_package", ModelPackageName=arn),
            ),
            "package group": (
                lambda: self._named(
                    "list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName"
                ),
                lambda name: self._sagemaker("delete_model_package_group", ModelPackageGroupName=name),
            ),
            "alarm": (self._alarms, lambda name: self.account.call("cloudwatch", "delete_alarms", AlarmNames=[name])),
            "log group": (
                self._log_groups,
                lambda name: self.account.call("logs", "delete_log_group", logGroupName=name),
            ),
        }

    def _sagemaker(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.account.call("sagemaker", operation, **request)

    def _named(self, operation: str, key: str, name: str) -> Iterator[str]:
        for item in self.account.pages("sagemaker", operation, key, NameContains=self.name):
            if item[name].startswith(self.name):
                yield item[name]

    def _endpoints(self) -> Iterator[str]:
        yield from self._named("list_endpoints", "Endpoints", "EndpointName")

    def _end_endpoint(self, name: str) -> None:
        """Delete an endpoint once no change of it is under way, and wait until it is gone."""

        def gone() -> bool | None:
            try:
                status = self._sagemaker("describe_endpoint", EndpointName=name)["EndpointStatus"]
            except AwsRefused:
                return True
            if status not in ("Deleting", "Updating", "Creating", "RollingBack", "SystemUpdating"):
                self._sagemaker("delete_endpoint", EndpointName=name)
            return None

        await_end(gone, what=f"deleting endpoint {name}", patience=self.patience)

    def _training_jobs(self) -> Iterator[str]:
        for words in self.jobs:
            request = {"NameContains": words, "StatusEquals": "InProgress"}
            for item in self.account.pages("sagemaker", "list_training_jobs", "TrainingJobSummaries", **request):
                yield item["TrainingJobName"]

    def _end_training(self, name: str) -> None:
        self._sagemaker("stop_training_job", TrainingJobName=name)

    def _packages(self) -> Iterator[str]:
        for group in self._named("list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName"):
            request = {"ModelPackageGroupName": group}
            for item in self.account.pages("sagemaker", "list_model_packages", "ModelPackageSummaryList", **request):
                yield item["ModelPackageArn"]

    def _alarms(self) -> Iterator[str]:
        for item in self.account.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=self.name):
            yield item["AlarmName"]

    def _log_groups(self) -> Iterator[str]:
        request = {"logGroupNamePrefix": f"/aws/sagemaker/Endpoints/{self.name}"}
        for item in self.account.pages("logs", "describe_log_groups", "logGroups", **request):
            yield item["logGroupName"]

    def _objects(self) -> Iterator[dict[str, str]]:
        """Every version and every mark of a deletion below the run's folder."""
        place = {"Bucket": self.bucket, "Prefix": f"{self.prefix}/"}
        for key in ("Versions", "DeleteMarkers"):
            for item in self.account.pages("s3", "list_object_versions", key, **place):
                yield {"Key": item["Key"], "VersionId": item["VersionId"]}

    def _empty(self) -> None:
        found = list(self._objects())
        for first in range(0, len(found), _OBJECTS_IN_ONE_CALL):
            batch = {"Objects": found[first : first + _OBJECTS_IN_ONE_CALL]}
            self.account.call("s3", "delete_objects", Bucket=self.bucket, Delete=batch)
