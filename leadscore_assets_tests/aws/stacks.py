"""The templates of deploy/aws, deployed into an account: what a look at it then finds is what they make."""

from pathlib import Path

from leadscore_assets.backends.aws.account import Account

AWS = Path(__file__).parents[2] / "deploy" / "aws"


def deployed(account: Account, name: str, **parameters: str) -> dict[str, str]:
    """Create a stack from a template and return its outputs."""
    account.call(
        "cloudformation",
        "create_stack",
        StackName=f"leadscore-{name}",
        TemplateBody=(AWS / f"{name}.yaml").read_text(),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    (stack,) = account.call("cloudformation", "describe_stacks", StackName=f"leadscore-{name}")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", ())}


def site(account: Account) -> dict[str, str]:
    """Deploy what the loop needs, without Dagster's own machines, and return every output."""
    kept = deployed(account, "storage", NoticeEmail="ada@example.com")
    shared = {"Bucket": kept["Bucket"], "Topic": kept["Topic"]}
    roles = deployed(account, "roles", **shared)
    names = {key: roles[key] for key in ("RunRoleName", "ExecutionRoleName")}
    return kept | roles | deployed(account, "permissions", **shared, **names)
