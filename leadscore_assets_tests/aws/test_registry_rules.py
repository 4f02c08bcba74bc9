"""What AWS refuses of a registry: by the emulator, and by the rules that every request is checked against."""

from typing import Any

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.registry import SageMakerRegistry
from leadscore_assets_tests.aws import rules_registry
from leadscore_assets_tests.aws.registry_site import GROUP, IMAGE, RegistrySite
from leadscore_assets_tests.aws.strict import Inadmissible
from leadscore_assets_tests.backends.registry_contract import register


class TestRefusals(RegistrySite):
    def test_the_emulator_refuses_what_aws_refuses(self, registry: SageMakerRegistry, account: Account) -> None:
        register(registry, 1)
        for operation, request, told in (
            ("create_model_package_group", {"ModelPackageGroupName": GROUP.upper()}, "already exists"),
            ("delete_model_package_group", {"ModelPackageGroupName": GROUP}, "holds model packages"),
            ("list_model_packages", {"ModelPackageGroupName": "other"}, "does not exist"),
            ("describe_model_package", {"ModelPackageName": self.arn(5)}, "does not exist"),
        ):
            with pytest.raises(AwsRefused, match=told):
                account.call("sagemaker", operation, **request)
        account.call("sagemaker", "delete_model_package", ModelPackageName=self.arn(1))
        assert register(registry, 2).version == 2
        account.call("sagemaker", "delete_model_package", ModelPackageName=self.arn(2))
        account.call("sagemaker", "delete_model_package_group", ModelPackageGroupName=GROUP)


BASE: dict[str, Any] = {"ModelPackageGroupName": GROUP}
TOPIC = "arn:aws:sns:us-east-1:123456789012:news"


@pytest.mark.parametrize(
    ("service", "operation", "request_", "told"),
    [
        ("sagemaker", "create_model_package", {**BASE, "ModelPackageName": "x"}, "either a name or a group"),
        ("sagemaker", "create_model_package", {**BASE, "Tags": [{"Key": "a", "Value": "b"}]}, "no tags of its own"),
        (
            "sagemaker",
            "create_model_package",
            {
                **BASE,
                "InferenceSpecification": {
                    "Containers": [
                        {
                            "Image": IMAGE,
                            "ModelDataUrl": "s3://b/x.tar.gz",
                            "ModelDataSource": {
                                "S3DataSource": {
                                    "S3Uri": "s3://b/",
                                    "S3DataType": "S3Prefix",
                                    "CompressionType": "None",
                                }
                            },
                        }
                    ]
                },
            },
            "ModelDataUrl or ModelDataSource",
        ),
        ("sagemaker", "create_model_package", {**BASE, "CustomerMetadataProperties": {"a": "b, c"}}, "holds ','"),
        (
            "sagemaker",
            "update_model_package",
            {
                "ModelPackageArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/x/1",
                "CustomerMetadataProperties": {"a": "b"},
                "CustomerMetadataPropertiesToRemove": ["a"],
            },
            "set and removed",
        ),
        ("sns", "publish", {"TopicArn": TOPIC, "Message": "x", "Subject": "two\nlines"}, "ASCII text below"),
        ("sns", "publish", {"TopicArn": f"{TOPIC}.fifo", "Message": "x"}, "needs MessageGroupId"),
        (
            "sns",
            "publish",
            {"TopicArn": TOPIC, "Message": "x", "MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}},
            "is empty",
        ),
    ],
)
def test_each_documented_rule_has_a_request_that_breaks_it(
    account: Account, service: str, operation: str, request_: dict[str, Any], told: str
) -> None:
    assert rules_registry
    with pytest.raises(Inadmissible, match=told):
        account.call(service, operation, **request_)
