"""The CloudFormation templates: each passes cfn-lint, and they fit together and the program's settings."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs

from leadscore_assets.aws_settings import AwsSettings
from leadscore_assets_tests.deploy.templates import AWS, TEMPLATES, rendered, template

_NAMES = {path.stem for path in TEMPLATES}


def _found(path: Path) -> list[str]:
    checks = ManualArgs(include_checks=["I"], regions=["us-east-1", "eu-central-1"])
    return [f"{item.rule.id} {item.linenumber}: {item.message}" for item in lint_file(path, config=checks)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_passes_cfn_lint(path: Path) -> None:
    assert _found(path) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sagemaker:StopTransformJob", "sagemaker:StopTransformJobs", "W3037"),
        ("!Ref RunRoleName", "!Ref RunRolName", "RunRolName"),
        ("Effect: Allow", "Effect: Perhaps", "Perhaps"),
    ],
    ids=["an action that is none", "a parameter that is none", "an effect that is none"],
)
def test_cfn_lint_would_find_a_mistake(tmp_path: Path, old: str, new: str, told: str) -> None:
    broken = tmp_path / "broken.yaml"
    text = (AWS / "permissions.yaml").read_text()
    assert old in text
    broken.write_text(text.replace(old, new, 1))
    assert any(told in found for found in _found(broken))


def test_the_templates_are_those_that_the_how_to_names() -> None:
    assert {"storage", "roles", "permissions", "network", "cluster", "services", "alarms"} == _NAMES


@pytest.mark.parametrize("name", sorted(_NAMES))
def test_every_parameter_and_output_says_what_it_is(name: str) -> None:
    content = template(name)
    for kind in ("Parameters", "Outputs"):
        for key, item in content.get(kind, {}).items():
            assert item.get("Description") or "Export" in item, f"{kind} {key}"


def test_what_one_stack_asks_for_another_puts_out() -> None:
    given = {key for name in _NAMES for key in template(name).get("Outputs", {})}
    own = {"Image", "ServingImage", "Operator", "SourceBucket", "NoticeEmail", "BucketName", "KmsKey"}
    asked = {
        key
        for name in _NAMES
        for key, item in template(name)["Parameters"].items()
        if "Default" not in item or key == "Database"
    }
    assert asked - own <= given


def test_an_import_has_its_export() -> None:
    exported = {
        item["Export"]["Name"]["Fn::Sub"] for item in template("cluster")["Outputs"].values() if "Export" in item
    }
    imported = set(_imports(template("services")))
    assert imported == exported


def _imports(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["Fn::ImportValue"]["Fn::Sub"]] if "Fn::ImportValue" in value else []
        return own + [name for item in value.values() for name in _imports(item)]
    return [name for item in value for name in _imports(item)] if isinstance(value, list) else []


def test_the_stacks_put_out_the_aws_section_of_the_settings() -> None:
    values = {
        "Bucket": "leadscore-123456789012-eu-west-1",
        "Prefix": "leadscore",
        "Topic": "arn:aws:sns:eu-west-1:123456789012:leadscore-notices",
        "ExecutionRole.Arn": "arn:aws:iam::123456789012:role/leadscore-execution",
        "ServingImage": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/leadscore-serving:1",
        "KmsKey": "arn:aws:kms:eu-west-1:123456789012:key/k",
    }
    text = rendered(template("roles")["Outputs"]["Settings"]["Value"], values)
    assert len(text) < 1024
    found = AwsSettings.model_validate(tomllib.loads(text)["aws"])
    assert (found.region, found.owner, found.bucket) == ("eu-west-1", "123456789012", values["Bucket"])
    assert (found.role, found.topic, found.serving_image, found.kms_key) == (
        values["ExecutionRole.Arn"],
        values["Topic"],
        values["ServingImage"],
        values["KmsKey"],
    )


def test_the_bucket_is_versioned_encrypted_private_and_kept() -> None:
    bucket = template("storage")["Resources"]["Bucket"]
    shown = bucket["Properties"]
    assert shown["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(shown["PublicAccessBlockConfiguration"].values()) == {True}
    assert shown["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert bucket["DeletionPolicy"] == "Retain"
    policy = template("storage")["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert {item["Effect"] for item in policy} == {"Deny"}
    expire = {item["Id"] for item in shown["LifecycleConfiguration"]["Rules"]}
    assert {"captures", "training", "transform", "run-logs", "old-versions"} <= expire


def test_nothing_of_the_dagster_side_is_reached_from_outside() -> None:
    for name in ("cluster", "services", "network"):
        for key, item in template(name)["Resources"].items():
            assert "LoadBalancer" not in item["Type"], key
            shown = item.get("Properties", {})
            entries = shown if "Ingress" in item["Type"] else shown.get("SecurityGroupIngress", "")
            assert "0.0.0.0/0" not in f"{entries}", key
    services = template("services")["Resources"]
    placed = [item["Properties"] for item in services.values() if item["Type"] == "AWS::ECS::Service"]
    assert len(placed) == 3
    assert all(item["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED" for item in placed)
    assert template("cluster")["Resources"]["Database"]["Properties"]["PubliclyAccessible"] is False
