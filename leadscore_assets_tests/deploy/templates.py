"""The CloudFormation templates as data: intrinsic functions become what they say, with a value for every parameter."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.decode import decode

AWS = Path(__file__).parents[2] / "deploy" / "aws"
TEMPLATES = tuple(path for path in sorted(AWS.glob("*.yaml")) if "AWSTemplateFormatVersion" in path.read_text())
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Region": "eu-west-1",
    "AWS::Partition": "aws",
}
Statement = dict[str, Any]


def template(name: str) -> dict[str, Any]:
    """Read one template."""
    content, problems = decode(str(AWS / f"{name}.yaml"))
    assert not problems, problems
    return content


def rendered(value: Any, values: dict[str, str]) -> Any:
    """Return a value with Ref, Fn::Sub, Fn::Join and Fn::GetAtt replaced; conditions hold."""
    if isinstance(value, list):
        return [rendered(item, values) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, inner),) = value.items()
        known = {"Ref": _ref, "Fn::Sub": _sub, "Fn::Join": _join, "Fn::GetAtt": _attribute, "Fn::If": _if}
        if name in known:
            return known[name](inner, values)
    return {key: rendered(item, values) for key, item in value.items()}


def statements(name: str, resource: str) -> list[Statement]:
    """Return what the policies of a role, or a policy itself, allow."""
    properties = template(name)["Resources"][resource]["Properties"]
    policies = properties.get("Policies", [properties] if "PolicyDocument" in properties else [])
    return [item for policy in policies for item in policy["PolicyDocument"]["Statement"]]


def actions(found: list[Statement]) -> set[str]:
    """Return every action of some statements."""
    return {action for item in found for action in item["Action"]}


def all_statements() -> Iterator[tuple[str, Statement]]:
    """Yield every statement that allows an identity something, with the template and the resource it stands in."""
    for path in TEMPLATES:
        for resource, content in template(path.stem)["Resources"].items():
            if content["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
                for item in statements(path.stem, resource):
                    yield f"{path.stem}.{resource}", item


def _ref(name: str, values: dict[str, str]) -> str:
    return {**PSEUDO, **values}.get(name, f"<{name}>")


def _sub(text: Any, values: dict[str, str]) -> str:
    for name, value in {**PSEUDO, **values}.items():
        text = text.replace("${" + name + "}", value)
    return text


def _join(parts: Any, values: dict[str, str]) -> str:
    between, items = parts
    return between.join(rendered(items, values))


def _attribute(path: Any, values: dict[str, str]) -> str:
    return _ref(".".join(path) if isinstance(path, list) else path, values)


def _if(parts: Any, values: dict[str, str]) -> Any:
    return rendered(parts[1], values)
