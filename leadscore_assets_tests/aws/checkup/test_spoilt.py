"""What somebody changed in a sound account is found, with its remedy, until it is put back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from leadscore_assets_tests.aws.checkup.looked_at import BLOCKS, OWNER, Site
from leadscore_assets_tests.aws.conftest import REGION
from leadscore_assets_tests.deploy.templates import rendered, template

# moto's CloudFormation makes neither bucket policies nor subscriptions.
pytestmark = [pytest.mark.filterwarnings("ignore:Tried to parse"), pytest.mark.xdist_group("checkup")]
_OTHER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True)
class Change:
    """A call that spoils something, and one that puts it back; values that name an output stand for it."""

    service: str
    spoil: tuple[str, dict[str, Any]]
    mend: tuple[str, dict[str, Any]]
    shared: dict[str, Any]

    @contextmanager
    def made(self, built: Site) -> Iterator[None]:
        shared = {key: built.made.get(value, value) for key, value in self.shared.items()}
        built.account.call(self.service, self.spoil[0], **shared, **self.spoil[1])
        try:
            yield
        finally:
            built.account.call(self.service, self.mend[0], **shared, **self.mend[1])


_ROLE = template("roles")["Resources"]["ExecutionRole"]["Properties"]
_RIGHTS = {"PolicyName": "jobs-and-endpoint"}


def _document(found: Any) -> str:
    return json.dumps(rendered(found, {"Bucket": f"leadscore-{OWNER}-{REGION}", "Prefix": "leadscore"}))


_CHANGES = {
    "bucket versions": (
        Change(
            "s3",
            ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
            ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
            {"Bucket": "Bucket"},
        ),
        "put-bucket-versioning",
    ),
    "bucket public access": (
        Change(
            "s3",
            ("delete_public_access_block", {}),
            ("put_public_access_block", {"PublicAccessBlockConfiguration": dict.fromkeys(BLOCKS, True)}),
            {"Bucket": "Bucket"},
        ),
        "storage.yaml",
    ),
    "role": (
        Change(
            "iam",
            ("update_assume_role_policy", {"PolicyDocument": json.dumps(_OTHER)}),
            ("update_assume_role_policy", {"PolicyDocument": _document(_ROLE["AssumeRolePolicyDocument"])}),
            {"RoleName": "ExecutionRoleName"},
        ),
        "does not trust sagemaker.amazonaws.com",
    ),
    "role's right to write": (
        Change(
            "iam",
            ("delete_role_policy", _RIGHTS),
            ("put_role_policy", _RIGHTS | {"PolicyDocument": _document(_ROLE["Policies"][0]["PolicyDocument"])}),
            {"RoleName": "ExecutionRoleName"},
        ),
        "may not s3:PutObject",
    ),
    "log group": (
        Change(
            "logs",
            ("delete_retention_policy", {}),
            ("put_retention_policy", {"retentionInDays": 90}),
            {"logGroupName": "/aws/sagemaker/Endpoints/leadscore"},
        ),
        "for ever",
    ),
}


@pytest.mark.parametrize("check", _CHANGES)
def test_what_is_not_as_it_must_be_is_named_with_its_remedy(built: Site, check: str) -> None:
    change, told = _CHANGES[check]
    with change.made(built):
        found = built.look()[check]
    assert found.passed is False
    assert told in f"{found.found} {found.remedy}"
    assert found.remedy
    assert built.look()[check].passed is True
