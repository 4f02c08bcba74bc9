"""What moto gets wrong about model packages, done as AWS documents it; people decide in its pages by `decided`.

Updates merge and keep the approval, life cycles and tokens are kept, a version's number is never given twice, groups
exist once whatever their letters' case, packages and groups can be deleted. An emulator written from AWS's documents.
"""

import json
import threading
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import AWSValidationException, ConflictException, ValidationError
from moto.sagemaker.models import ModelPackage, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from leadscore_assets_tests.aws.emulator import Emulator

PLATFORM = {
    "IamIdentity": {
        "Arn": "arn:aws:sts::123456789012:assumed-role/leadscore/run",
        "PrincipalId": "AROAEXAMPLE:run",
    }
}
_KEPT = ("ModelLifeCycle", "ModelCard", "SourceUri", "SkipModelValidation")
_create = SageMakerResponse.create_model_package
_create_group = SageMakerResponse.create_model_package_group
_described = ModelPackage.gen_response_object
_tokens: dict[str, tuple[str, dict[str, Any]]] = {}
_numbers: dict[str, int] = {}
_one_at_a_time = threading.Lock()


def install(emulator: Emulator) -> None:
    """Put the documented behaviour in place of moto's."""
    emulator.on_reset += [_tokens.clear, _numbers.clear]
    changed = {
        SageMakerResponse: (create_model_package, create_model_package_group, list_model_packages),
        ModelPackage: (gen_response_object,),
    }
    added = (describe_model_package, update_model_package, delete_model_package, delete_model_package_group)
    for owner, functions in changed.items():
        for function in functions:
            setattr(owner, function.__name__, function)
    for function in added:
        setattr(SageMakerResponse, function.__name__, function)


def decided(arn: str, status: str, *, by: str | None = "bob", comment: str | None = None) -> None:
    """Set a package's approval as a person does in Studio; without a name the console tells none."""
    package = sagemaker_backends["123456789012"][arn.split(":")[3]].model_packages[arn]
    package.model_approval_status = status
    package.approval_description = comment or package.approval_description
    package.last_modified_time = utcnow()
    package.last_modified_by = {"UserProfileName": by} if by else {}


def create_model_package(self: SageMakerResponse) -> ActionResult:
    request = json.loads(self.body)
    token = request.pop("ClientToken", None)
    with _one_at_a_time:
        if token not in _tokens:
            _tokens[token] = (_created(self, request), request)
    arn, before = _tokens[token]
    if before != request:
        raise ConflictException("the token was used with other parameters")
    return ActionResult({"ModelPackageArn": arn})


def _created(self: SageMakerResponse, request: dict[str, Any]) -> str:
    """Let moto make the package, aside from those there are: it would number it by how many that is."""
    backend = self.sagemaker_backend
    group, before = _group(self, request.get("ModelPackageGroupName") or ""), backend.model_packages
    backend.model_packages = {}
    try:
        _create(self)
        [package] = backend.model_packages.values()
    finally:
        backend.model_packages = before
    number = _numbers[group] = _numbers.get(group, 0) + 1
    package.model_package_version = number
    package.arn = f"{package.arn.rsplit('/', 1)[0]}/{number}"
    package.kept = {name: request[name] for name in _KEPT if name in request}
    package.created_by = PLATFORM
    before[package.arn] = package
    return str(package.arn)


def create_model_package_group(self: SageMakerResponse) -> ActionResult:
    name = self._get_param("ModelPackageGroupName")
    known = {item.lower() for item in self.sagemaker_backend.model_package_groups}
    if name.lower() in known:
        raise ValidationError(f"Model Package Group already exists: {name}")
    return _create_group(self)


def list_model_packages(self: SageMakerResponse) -> ActionResult:
    request = json.loads(self.body)
    group = _group(self, request.get("ModelPackageGroupName") or "")
    found = [item for item in self.sagemaker_backend.model_packages.values() if item.model_package_group_name == group]
    wanted = request.get("ModelApprovalStatus")
    found = [item for item in found if wanted in (None, item.model_approval_status)]
    found.sort(key=lambda item: item.model_package_version, reverse=request.get("SortOrder") == "Descending")
    start, size = int(request.get("NextToken") or 0), request.get("MaxResults", 10)
    more = {"NextToken": f"{start + size}"} if start + size < len(found) else {}
    page = [_summary(item) for item in found[start : start + size]]
    return ActionResult({"ModelPackageSummaryList": page, **more})


def describe_model_package(self: SageMakerResponse) -> ActionResult:
    return ActionResult(_package(self, self._get_param("ModelPackageName")).gen_response_object())


def update_model_package(self: SageMakerResponse) -> ActionResult:
    request = json.loads(self.body)
    package = _package(self, request["ModelPackageArn"])
    package.model_approval_status = request.get("ModelApprovalStatus", package.model_approval_status)
    package.approval_description = request.get("ApprovalDescription", package.approval_description)
    entries = {**(package.customer_metadata_properties or {}), **request.get("CustomerMetadataProperties", {})}
    gone = request.get("CustomerMetadataPropertiesToRemove", [])
    package.customer_metadata_properties = {key: value for key, value in entries.items() if key not in gone}
    package.kept |= {name: request[name] for name in _KEPT if name in request}
    package.last_modified_time = utcnow()
    package.last_modified_by = PLATFORM
    return ActionResult({"ModelPackageArn": package.arn})


def delete_model_package(self: SageMakerResponse) -> EmptyResult:
    package = _package(self, self._get_param("ModelPackageName"))
    del self.sagemaker_backend.model_packages[package.arn]
    return EmptyResult()


def delete_model_package_group(self: SageMakerResponse) -> EmptyResult:
    group = _group(self, self._get_param("ModelPackageGroupName"))
    if any(item.model_package_group_name == group for item in self.sagemaker_backend.model_packages.values()):
        raise ConflictException("the group holds model packages; delete them first")
    del self.sagemaker_backend.model_package_groups[group]
    return EmptyResult()


def gen_response_object(self: ModelPackage) -> dict[str, Any]:
    found = _described(self)
    if self.last_modified_time:
        found |= {"LastModifiedTime": self.last_modified_time, "LastModifiedBy": self.last_modified_by}
    return {**found, **getattr(self, "kept", {})}


def _summary(package: ModelPackage) -> dict[str, Any]:
    names = ("ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn", "ModelPackageDescription")
    more = ("CreationTime", "ModelPackageStatus", "ModelApprovalStatus", "ModelLifeCycle")
    whole = package.gen_response_object()
    return {name: whole[name] for name in (*names, *more) if name in whole}


def _group(self: SageMakerResponse, name: str) -> str:
    plain = name.rsplit("/", 1)[-1].lower()
    found = next((item for item in self.sagemaker_backend.model_package_groups if item.lower() == plain), None)
    if found is None:
        raise AWSValidationException(f"ModelPackageGroup {name} does not exist.")
    return found


def _package(self: SageMakerResponse, name: str) -> ModelPackage:
    packages = self.sagemaker_backend.model_packages
    found = next((item for arn, item in packages.items() if arn.lower() == name.lower()), None)
    if found is None:
        raise ValidationError(f"ModelPackage {name} does not exist.")
    return found
