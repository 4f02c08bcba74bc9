"""Least privilege: what the program runs as may do exactly what the program does, and other roles what is told why."""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from leadscore_assets_tests.deploy.aws_calls import Call, Unreadable, calls, calls_in
from leadscore_assets_tests.deploy.iam_actions import actions_of, resource_patterns
from leadscore_assets_tests.deploy.templates import Statement, actions, all_statements, rendered, statements, template

_POLICIES = {
    "s3": "StoragePolicy",
    "application-autoscaling": "EndpointPolicy",
    "cloudwatch": "EndpointPolicy",
    "logs": "JobsPolicy",
    "sns": "NoticesPolicy",
}
# What a role that AWS takes on needs, and why; the program never calls these.
EXECUTION_ROLE = {
    "s3:GetObject": "channels, code, bundles, and what a transform job scores",
    "s3:PutObject": "outputs and checkpoints of jobs, captures of the endpoint",
    "s3:AbortMultipartUpload": "an output that was broken off",
    "s3:DeleteObject": "checkpoints that a job drops",
    "s3:ListBucket": "the objects below a channel's prefix",
    "s3:GetBucketLocation": "asked by SageMaker before it reads",
    "ecr:GetAuthorizationToken": "pulling images",
    "ecr:BatchCheckLayerAvailability": "pulling images",
    "ecr:GetDownloadUrlForLayer": "pulling images",
    "ecr:BatchGetImage": "pulling images",
    "logs:CreateLogGroup": "the first job or endpoint of its name",
    "logs:CreateLogStream": "a stream for every host",
    "logs:DescribeLogStreams": "asked by SageMaker's log agent",
    "logs:PutLogEvents": "what jobs and endpoint print",
    "cloudwatch:PutMetricData": "metrics of jobs and machines",
    "cloudwatch:DescribeAlarms": "alarms that take a deployment back",
}
TASK_EXECUTION_ROLE = {
    "ecr:GetAuthorizationToken": "pulling the image",
    "ecr:BatchCheckLayerAvailability": "pulling the image",
    "ecr:GetDownloadUrlForLayer": "pulling the image",
    "ecr:BatchGetImage": "pulling the image",
    "logs:CreateLogStream": "what containers print",
    "logs:PutLogEvents": "what containers print",
}
# Where Dagster's own pieces make the call.
LAUNCHER_ROLE = {
    "ecs:RunTask": ("ecs/utils.py", "ecs.run_task("),
    "ecs:TagResource": ("ecs/launcher.py", 'run_task_kwargs["tags"]'),
    "ecs:DescribeTasks": ("ecs/launcher.py", "ecs.describe_tasks("),
    "ecs:StopTask": ("ecs/launcher.py", "ecs.stop_task("),
    "ecs:DescribeTaskDefinition": ("ecs/launcher.py", "ecs.describe_task_definition("),
    "ec2:DescribeNetworkInterfaces": ("ecs/tasks.py", "ec2.NetworkInterface("),
    "logs:GetLogEvents": ("ecs/utils.py", "get_log_events("),
    "s3:GetObject": ("s3/compute_log_manager.py", "download_fileobj("),
    "s3:ListBucket": ("s3/compute_log_manager.py", "list_objects_v2("),
}
LAUNCHER_EXTRAS = {
    "iam:PassRole": "the roles of a run's task",
    "ssmmessages:CreateControlChannel": "the session that reaches the UI",
    "ssmmessages:CreateDataChannel": "the session that reaches the UI",
    "ssmmessages:OpenControlChannel": "the session that reaches the UI",
    "ssmmessages:OpenDataChannel": "the session that reaches the UI",
}
# Asked for all at once, though AWS could tell one from another.
ASKED_FOR_ALL = {"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:PutMetricData"}
_MOST_CHARACTERS = 6144
_ARNS = {
    "Topic": "arn:aws:sns:eu-west-1:123456789012:leadscore-notices",
    "RunRole": "arn:aws:iam::123456789012:role/run",
    "TaskExecutionRole": "arn:aws:iam::123456789012:role/start",
    "DatabaseSecret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:leadscore/database-x",
    "RunLogs.Arn": "arn:aws:logs:eu-west-1:123456789012:log-group:/leadscore/runs:*",
}


def _granted() -> dict[str, list[Statement]]:
    """What RunRole is allowed, by policy."""
    found = template("permissions")["Resources"]
    own = [name for name, item in found.items() if "Roles" in item["Properties"]]
    assert all(rendered(found[name]["Properties"]["Roles"], {"RunRoleName": "run"}) == ["run"] for name in own)
    return {name: statements("permissions", name) for name in own if name != "SourcePolicy"}


def _needed() -> dict[str, list[Call]]:
    """What the program needs, by action."""
    found: dict[str, list[Call]] = {}
    for call in calls():
        for action in actions_of(call):
            found.setdefault(action, []).append(call)
    return found


def _home_of(action: str, call: Call) -> str:
    if "checkup" in call.place:
        return "CheckupPolicy"
    service, _, name = action.partition(":")
    if service == "sagemaker":
        return "RegistryPolicy" if "Package" in name else "JobsPolicy" if "Job" in name else "EndpointPolicy"
    return _POLICIES.get(service, "the policy that fits")


def test_the_program_may_do_everything_that_it_does() -> None:
    granted = {action for found in _granted().values() for action in actions(found)}
    missing = [
        f"add {action} to {_home_of(action, by[0])} of RunRole: {by[0].service}.{by[0].operation} in {by[0].place}"
        for action, by in sorted(_needed().items())
        if action not in granted
    ]
    assert not missing, "deploy/aws/permissions.yaml: " + "; ".join(missing)


def test_the_program_may_do_nothing_that_it_does_not_do() -> None:
    needed = _needed()
    surplus = [
        f"remove {action} from {policy} of RunRole: nothing calls it"
        for policy, found in _granted().items()
        for action in sorted(actions(found))
        if action not in needed
    ]
    assert not surplus, "deploy/aws/permissions.yaml: " + "; ".join(surplus)


def test_a_look_at_the_account_has_a_policy_of_its_own_that_a_person_may_have() -> None:
    own = {action for call in calls(("backends/aws",)) if "checkup" in call.place for action in actions_of(call)}
    assert actions(_granted()["CheckupPolicy"]) == own
    assert all(action.partition(":")[2].startswith(("Get", "List", "Describe", "Simulate")) for action in own)


def test_whoever_asks_for_scores_may_do_nothing_else() -> None:
    assert actions(statements("permissions", "CallerPolicy")) == {"sagemaker:InvokeEndpoint"}
    assert "CallerPolicy" not in _granted()


def test_leads_in_another_bucket_are_only_read() -> None:
    assert actions(statements("permissions", "SourcePolicy")) == {"s3:GetObject", "s3:ListBucket"}


@pytest.mark.parametrize(
    ("stack", "role", "told"),
    [("roles", "ExecutionRole", EXECUTION_ROLE), ("roles", "TaskExecutionRole", TASK_EXECUTION_ROLE)],
)
def test_a_role_that_aws_takes_on_may_do_what_is_told_why(stack: str, role: str, told: dict[str, str]) -> None:
    found = actions(statements(stack, role))
    assert found == set(told), f"deploy/aws/{stack}.yaml, {role}: {sorted(found ^ set(told))} is in one of both only"


def test_whoever_launches_runs_may_do_what_dagster_calls_and_nothing_of_sagemaker() -> None:
    found = actions(statements("cluster", "LauncherRole"))
    assert found == set(LAUNCHER_ROLE) | set(LAUNCHER_EXTRAS)
    spec = find_spec("dagster_aws")
    assert spec
    assert spec.origin
    for action, (file, words) in LAUNCHER_ROLE.items():
        text = (Path(spec.origin).parent / file).read_text()
        assert words in text, f"{action} is not called by dagster_aws/{file} any more; look where, or remove it"


def test_no_action_is_a_wildcard() -> None:
    found = [(place, action) for place, item in all_statements() for action in item["Action"]]
    assert found
    assert [(place, action) for place, action in found if "*" in action] == []


def test_every_action_stands_on_the_resources_that_aws_knows_for_it() -> None:
    for place, item in all_statements():
        names = rendered(item["Resource"], {"KmsKey": "arn:aws:kms:eu-west-1:123456789012:key/k", **_ARNS})
        for action in item["Action"]:
            kinds = resource_patterns(action)
            if item["Resource"] == "*":
                assert not kinds or action in ASKED_FOR_ALL, f"{place}: narrow {action} to a resource"
                continue
            listed = names if isinstance(names, list) else [names]
            fits = [name for name in listed if any(re.fullmatch(kind, name) for kind in kinds)]
            assert fits, f"{place}: {action} has no resource of a kind that AWS knows for it, so it is never allowed"


def test_a_role_is_passed_to_one_service_only() -> None:
    found = [(place, item) for place, item in all_statements() if "iam:PassRole" in item["Action"]]
    assert found
    for place, item in found:
        assert "iam:PassedToService" in item["Condition"]["StringEquals"], place
        assert item["Resource"] != "*", place


def test_numbers_are_written_to_one_namespace_only() -> None:
    [found] = [item for item in statements("permissions", "EndpointPolicy") if item["Sid"] == "OwnNumbers"]
    assert found["Condition"] == {"StringEquals": {"cloudwatch:namespace": {"Ref": "MetricsNamespace"}}}


def test_a_policy_is_short_enough_for_iam() -> None:
    values = {"Name": "n" * 32, "Prefix": "p" * 64, "Bucket": "b" * 63, "RunRoleName": "r" * 64}
    values |= {"ExecutionRoleName": "e" * 64, "Topic": "t" * 100, "JobPrefix": "j" * 32}
    for policy, found in _granted().items():
        text = json.dumps(rendered(found, values), separators=(",", ":"))
        assert len(text) < _MOST_CHARACTERS, f"{policy}: {len(text)}"


def test_a_call_is_found_wherever_it_stands() -> None:
    text = """
TRANSFER_CALLS = (("s3", "upload_file"),)
def f(account):
    account.call("sagemaker", "stop_training_job", TrainingJobName="x")
    list(self._account.pages(
        "s3", "list_objects_v2", "Contents"))
    account.filesystem()
"""
    assert [f"{item.service}.{item.operation}" for item in sorted(calls_in(text, "x.py"))] == [
        "s3.get_object",
        "s3.list_objects_v2",
        "s3.list_objects_v2",
        "s3.upload_file",
        "sagemaker.stop_training_job",
    ]


def test_a_call_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(Unreadable, match="as literals"):
        list(calls_in("account.call('sagemaker', name)", "x.py"))


@pytest.mark.parametrize(
    ("service", "operation", "needs"),
    [
        ("cloudwatch", "put_metric_alarm", {"cloudwatch:PutMetricAlarm"}),
        ("sagemaker-runtime", "invoke_endpoint", {"sagemaker:InvokeEndpoint"}),
        ("s3", "head_object", {"s3:GetObject"}),
        ("sts", "get_caller_identity", set()),
        ("sagemaker", "create_model", {"sagemaker:CreateModel", "sagemaker:AddTags", "iam:PassRole"}),
        ("service-quotas", "list_aws_default_service_quotas", {"servicequotas:ListAWSDefaultServiceQuotas"}),
    ],
)
def test_a_call_needs_the_right_that_aws_names(service: str, operation: str, needs: set[str]) -> None:
    assert actions_of(Call(service, operation, "x.py:1")) == needs


def test_an_operation_that_a_service_does_not_have_is_found() -> None:
    with pytest.raises(KeyError):
        actions_of(Call("sagemaker", "create_trainig_job", "x.py:1"))
