"""A look at an account: what the templates make is sound, what lacks is named with its remedy, and all is read only."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto.sns.models import sns_backends

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.checkup import check_account
from leadscore_assets.backends.aws.checkup_roles import identity
from leadscore_assets.backends.aws.checkup_serving import image_request
from leadscore_assets.backends.aws.checkup_wanted import Finding, Wanted
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets_tests.aws.conftest import REGION
from leadscore_assets_tests.aws.emulated_endpoints import World
from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.aws.stacks import site
from leadscore_assets_tests.aws.strict import strict_session
from leadscore_assets_tests.deploy.templates import rendered, template

# moto's CloudFormation makes neither bucket policies nor subscriptions.
pytestmark = [pytest.mark.filterwarnings("ignore:Tried to parse"), pytest.mark.xdist_group("checkup")]
_OWNER = "123456789012"
_OTHER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
_LOOKS = ("Get", "List", "Describe", "Simulate")


class Site:
    """An account as the templates make it, looked at as the role that they make."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.made = site(account)
        self.asked: list[str] = []
        # What moto's CloudFormation leaves out of a bucket.
        bucket, closed = {"Bucket": self.made["Bucket"]}, dict.fromkeys(_BLOCKS, True)
        account.call("s3", "put_bucket_versioning", **bucket, VersioningConfiguration={"Status": "Enabled"})
        account.call("s3", "put_public_access_block", **bucket, PublicAccessBlockConfiguration=closed)
        # moto never counts who listens.
        sns_backends[_OWNER][REGION].topics[self.made["Topic"]].subscriptions_confimed = 1
        account.call("ecr", "put_image", repositoryName="leadscore-serving", imageManifest=_MANIFEST, imageTag="1")
        self.regular = self.visitor()
        self.wanted = Wanted(
            bucket=self.made["Bucket"],
            prefix="leadscore",
            owner=_OWNER,
            role=self.made["ExecutionRole"],
            serving_image=f"{self.made['ServingRepository']}:1",
            topic=self.made["Topic"],
            endpoint="leadscore",
            group="leadscore",
            resources=ResourcesPolicy(),
            shadow=False,
        )

    def visitor(self) -> Account:
        """Return the account in the name of RunRole."""
        role = {"RoleArn": self.made["RunRole"], "RoleSessionName": "test"}
        given = self.account.call("sts", "assume_role", **role)["Credentials"]
        session = strict_session(REGION)
        session._session.set_credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        session.events.register("before-call.*.*", lambda model, **_: self.asked.append(model.name))
        return Account(region=REGION, endpoint_url=self.account.endpoint_url, session=session, attempts=1)

    def look(self, **changes: Any) -> dict[str, Finding]:
        return {item.check: item for item in check_account(self.regular, replace(self.wanted, **changes))}


@pytest.fixture(scope="module")
def built(server: Emulator) -> Iterator[Site]:
    """One account for all of these tests; who changes it puts it back."""
    server.reset()
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tried to parse")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing-secret")
        yield Site(Account(region=REGION, endpoint_url=server.url, session=strict_session(REGION), attempts=1))
    server.reset()


def test_what_the_templates_make_is_sound_and_looking_changes_nothing(built: Site) -> None:
    found = built.look()
    assert [item for item in found.values() if item.passed is not True] == []
    assert {"bucket", "bucket versions", "role", "own rights", "serving image", "topic", "log group"} <= set(found)
    assert "quota ml.c5.large for endpoint usage" in found
    assert len(built.asked) > 15
    assert [name for name in built.asked if not name.startswith(_LOOKS)] == []


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
    return json.dumps(rendered(found, {"Bucket": f"leadscore-{_OWNER}-{REGION}", "Prefix": "leadscore"}))


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
            ("put_public_access_block", {"PublicAccessBlockConfiguration": dict.fromkeys(_BLOCKS, True)}),
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


def test_a_quota_that_is_too_small_for_two_fleets_is_told(built: Site, server: Emulator) -> None:
    quota = "ml.c5.large for endpoint usage"
    server.state["quotas"][quota] = 3.0
    found = built.look()[f"quota {quota}"]
    del server.state["quotas"][quota]
    assert (found.passed, found.found) == (False, "3 allowed, 4 needed")
    assert "increase" in found.remedy


@pytest.mark.parametrize(
    ("changes", "check", "told"),
    [
        ({"bucket": "nobody-has-this-bucket"}, "bucket", "NoSuchBucket"),
        ({"owner": "999999999999"}, "credentials", "another account"),
        ({"role": f"arn:aws:iam::{_OWNER}:role/none"}, "role", "does not exist"),
        ({"serving_image": None}, "serving image", "none is named"),
        ({"topic": None}, "topic", "alarms tell nobody"),
        ({"topic": f"arn:aws:sns:{REGION}:{_OWNER}:none"}, "topic", "does not exist"),
        ({"endpoint": "other"}, "log group", "is not made yet"),
        (
            {"resources": ResourcesPolicy(endpoint_instances=3, most_instances=3)},
            "quota ml.c5.large for endpoint usage",
            "6 needed",
        ),
        ({"shadow": True}, "quota ml.c5.large for endpoint usage", "6 needed"),
        ({"endpoint": "other"}, "own rights", "may not sagemaker:CreateModel"),
    ],
    ids=["bucket", "owner", "role", "no image", "no topic", "lost topic", "logs", "fleet", "shadow", "rights"],
)
def test_settings_that_name_what_is_not_there_are_told(
    built: Site, changes: dict[str, Any], check: str, told: str
) -> None:
    found = built.look(**changes)[check]
    assert found.passed is False
    assert told in found.found


def test_an_image_that_was_never_pushed_is_told(built: Site) -> None:
    found = built.look(serving_image=f"{built.made['ServingRepository']}:2")["serving image"]
    assert found.passed is False
    assert "deploy/serving" in found.remedy


def test_a_topic_that_nobody_listens_to_is_told(built: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sns_backends[_OWNER][REGION].topics[built.made["Topic"]], "subscriptions_confimed", 0)
    found = built.look()["topic"]
    assert (found.passed, found.found) == (False, "nobody is subscribed")
    assert "aws sns subscribe" in found.remedy


def test_a_quota_that_aws_does_not_list_is_not_called_sound(built: Site) -> None:
    found = built.look(resources=ResourcesPolicy(training_instance="ml.c7i.2xlarge"))
    assert found["quota ml.c7i.2xlarge for training job usage"].passed is None


def test_a_bucket_in_another_region_is_told(built: Site) -> None:
    place = {"LocationConstraint": "eu-west-1"}
    built.account.call("s3", "create_bucket", Bucket="far-away-bucket", CreateBucketConfiguration=place)
    found = built.look(bucket="far-away-bucket")
    assert "lies in eu-west-1" in found["bucket"].found
    assert found["bucket"].passed is False


def test_an_endpoint_that_cannot_serve_is_told(built: Site, server: Emulator) -> None:
    image = {"Image": f"{_OWNER}.dkr.ecr.us-east-1.amazonaws.com/x:1"}
    built.account.call(
        "sagemaker", "create_model", ModelName="m", PrimaryContainer=image, ExecutionRoleArn=built.made["ExecutionRole"]
    )
    variant = {"VariantName": "primary", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.c5.large"}
    built.account.call("sagemaker", "create_endpoint_config", EndpointConfigName="c", ProductionVariants=[variant])
    built.account.call("sagemaker", "create_endpoint", EndpointName="leadscore", EndpointConfigName="c")
    assert any("InService" in built.look()["endpoint"].found for _ in range(10))
    world: World = server.state["endpoints"]
    world.endpoints["leadscore"].status = "UpdateRollbackFailed"
    assert built.look()["endpoint"].passed is False
    built.account.call("sagemaker", "delete_endpoint", EndpointName="leadscore")


@contextmanager
def _forbidden(account: Account, service: str, operation: str = "*") -> Iterator[None]:
    """Answer a service's calls as AWS does to somebody who may not make them."""
    events = account.client(service).meta.events
    events.register_first(f"before-send.{service}.{operation}", _forbid)
    try:
        yield
    finally:
        events.unregister(f"before-send.{service}.{operation}", _forbid)


@pytest.mark.parametrize(
    ("service", "check"),
    [("service-quotas", "quotas"), ("ecr", "serving image"), ("sns", "topic"), ("sagemaker", "endpoint")],
)
def test_what_may_not_be_looked_at_is_told_apart_from_what_is_wrong(built: Site, service: str, check: str) -> None:
    with _forbidden(built.regular, service):
        found = built.look()
    assert found[check].passed is None
    assert "CheckupPolicy" in found[check].remedy
    assert found["bucket"].passed is True


def test_an_identity_without_the_right_to_simulate_is_told(built: Site) -> None:
    with _forbidden(built.regular, "iam", "SimulatePrincipalPolicy"):
        found = built.look()
    assert (found["role"].passed, found["own rights"].passed) == (True, None)


def test_a_bucket_that_may_not_be_looked_at_is_taken_for_somebody_elses(built: Site) -> None:
    with _forbidden(built.regular, "s3"):
        found = built.look()
    assert found["bucket"].passed is False
    assert "of another account" in found["bucket"].found
    assert "bucket versions" not in found


def _forbid(request: Any, **_: Any) -> AWSResponse:
    code = "AccessDeniedException"
    text = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    if "json" in f"{request.headers.get('Content-Type')}":
        text = json.dumps({"__type": code, "message": "no"})

    class Raw:
        def stream(self, **_: Any) -> list[bytes]:
            return [text.encode()]

    return AWSResponse(request.url, 403, {}, Raw())


def test_without_credentials_nothing_else_is_asked_and_a_wrong_region_is_told(
    monkeypatch: pytest.MonkeyPatch, built: Site
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    account = Account(region="us-east-9", endpoint_url=built.account.endpoint_url, session=boto3.Session(), attempts=1)
    found = check_account(account, built.wanted)
    assert [(item.check, item.passed) for item in found] == [
        ("packages", True),
        ("region", False),
        ("credentials", False),
    ]
    assert "aws configure" in found[-1].remedy


@pytest.mark.parametrize(
    ("arn", "who"),
    [
        ("arn:aws:sts::1:assumed-role/Run/session", "arn:aws:iam::1:role/Run"),
        ("arn:aws:iam::1:user/ada", "arn:aws:iam::1:user/ada"),
        ("arn:aws:iam::1:root", None),
    ],
)
def test_whom_iam_can_simulate(arn: str, who: str | None) -> None:
    assert identity(arn) == who


@pytest.mark.parametrize(
    ("image", "request_"),
    [
        (
            "1.dkr.ecr.eu-west-1.amazonaws.com/a/b:3",
            {"registryId": "1", "repositoryName": "a/b", "imageIds": [{"imageTag": "3"}]},
        ),
        (
            "1.dkr.ecr.eu-west-1.amazonaws.com/a@sha256:0f",
            {"registryId": "1", "repositoryName": "a", "imageIds": [{"imageDigest": "sha256:0f"}]},
        ),
        (
            "1.dkr.ecr.eu-west-1.amazonaws.com/a",
            {"registryId": "1", "repositoryName": "a", "imageIds": [{"imageTag": "latest"}]},
        ),
        ("ghcr.io/a/b:1", None),
    ],
)
def test_an_image_is_looked_for_by_its_tag_or_its_digest(image: str, request_: dict[str, Any] | None) -> None:
    assert image_request(image) == request_
