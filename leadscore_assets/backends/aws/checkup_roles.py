"""A look at the role that jobs and endpoint run as, and at the rights of whoever asks, by IAM's own simulation."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.checkup_wanted import Finding, Wanted, sound, unseen, wrong
from leadscore_assets.backends.aws.errors import AwsError

_SERVICE = "sagemaker.amazonaws.com"
_ROLES = "deploy deploy/aws/roles.yaml and set [aws] role to its ExecutionRole"
_RIGHTS = "deploy deploy/aws/permissions.yaml, and run as its RunRole"


def look_at_role(account: Account, wanted: Wanted) -> Iterator[Finding]:
    """Look whether the role exists, whether SageMaker may take it on, and whether it reaches bucket and logs."""
    name = wanted.role.rpartition("/")[2]
    try:
        role = account.call("iam", "get_role", RoleName=name)["Role"]
    except AwsError as error:
        if error.code == "NoSuchEntity":
            yield wrong("role", f"{wanted.role} does not exist", _ROLES)
            return
        raise
    if role["Arn"] != wanted.role:
        yield wrong("role", f"[aws] role is {wanted.role}, the account's is {role['Arn']}", _ROLES)
        return
    if _SERVICE in _trusted(role["AssumeRolePolicyDocument"]):
        yield sound("role", f"{name}, taken on by SageMaker")
    else:
        yield wrong("role", f"{name} does not trust {_SERVICE}", _ROLES)
    place = f"arn:{wanted.role.split(':')[1]}:s3:::{wanted.bucket}/{wanted.prefix}"
    needs = {
        "role's right to read": ("s3:GetObject", f"{place}/lake/x"),
        "role's right to write": ("s3:PutObject", f"{place}/training/x"),
        "role's right to alarms": ("cloudwatch:DescribeAlarms", None),
    }
    for check, (action, on) in needs.items():
        yield _allowed(account, check, [action], who=wanted.role, on=on, remedy=_ROLES)


def look_at_caller(account: Account, wanted: Wanted) -> Iterator[Finding]:
    """Look whether whoever asks may train, register and release, and pass the role on."""
    who = identity(account.call("sts", "get_caller_identity")["Arn"])
    if who is None:
        yield unseen("own rights", "the account's root user is asking", "use a role: deploy/aws/roles.yaml")
        return
    missing: list[str] = []
    for action, arn in own_rights(wanted, account.region).items():
        found = _allowed(account, "own rights", [action], who=who, on=arn, remedy=_RIGHTS)
        if found.passed is None:
            yield found
            return
        missing += [] if found.passed else [f"{action} on {arn}"]
    if missing:
        yield wrong("own rights", f"{who} may not {', '.join(missing)}", _RIGHTS)
    else:
        yield sound("own rights", "to store, train, register, release and watch")


def own_rights(wanted: Wanted, region: str) -> dict[str, str]:
    """Return one right of each kind and a resource it is needed on: whoever lacks one cannot run a week."""
    _, partition, _, _, account, _ = wanted.role.split(":", 5)
    place = f"{partition}:sagemaker:{region}:{account}"
    return {
        "s3:PutObject": f"arn:{partition}:s3:::{wanted.bucket}/{wanted.prefix}/lake/x",
        "sagemaker:CreateTrainingJob": f"arn:{place}:training-job/leadscore-x",
        "sagemaker:CreateModelPackage": f"arn:{place}:model-package/{wanted.group}/1",
        "sagemaker:CreateModel": f"arn:{place}:model/{wanted.endpoint}-x",
        "sagemaker:CreateEndpointConfig": f"arn:{place}:endpoint-config/{wanted.endpoint}-x",
        "sagemaker:UpdateEndpoint": f"arn:{place}:endpoint/{wanted.endpoint}",
        "cloudwatch:PutMetricAlarm": f"arn:{partition}:cloudwatch:{region}:{account}:alarm:{wanted.endpoint}-x",
        "iam:PassRole": wanted.role,
    }


def identity(arn: str) -> str | None:
    """Return whom IAM can simulate: a session's role in the place of the session, None for the root user."""
    head, _, name = arn.rpartition(":")
    if name == "root":
        return None
    if name.startswith("assumed-role/"):
        return f"{head.replace(':sts:', ':iam:')}:role/{name.split('/')[1]}"
    return arn


def _trusted(document: Any) -> set[str]:
    """Return the services that a trust policy names; boto3 may leave the document as text."""
    content = json.loads(unquote(document)) if isinstance(document, str) else document
    services: set[str] = set()
    for statement in content["Statement"]:
        named = statement.get("Principal", {})
        named = named.get("Service", ()) if isinstance(named, dict) else ()
        services |= {named} if isinstance(named, str) else set(named)
    return services


def _allowed(account: Account, check: str, actions: Sequence[str], *, who: str, on: str | None, remedy: str) -> Finding:
    request: dict[str, Any] = {"PolicySourceArn": who, "ActionNames": [*actions]}
    request |= {"ResourceArns": [on]} if on else {}
    if "iam:PassRole" in actions:
        name = {"ContextKeyName": "iam:PassedToService", "ContextKeyType": "string"}
        request["ContextEntries"] = [name | {"ContextKeyValues": [_SERVICE]}]
    try:
        results = account.call("iam", "simulate_principal_policy", **request)["EvaluationResults"]
    except AwsError as error:
        return unseen(check, f"could not be looked at ({error.code})", "attach CheckupPolicy, or read the policies")
    missing = sorted(item["EvalActionName"] for item in results if item["EvalDecision"] != "allowed")
    if missing:
        return wrong(check, f"{who} may not {', '.join(missing)}", remedy)
    return sound(check, f"{', '.join(actions)}")
