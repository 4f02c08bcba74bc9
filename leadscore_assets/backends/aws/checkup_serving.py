"""A look at what serves and tells: the image, the topic, the model package group, the endpoint and its log group."""

from collections.abc import Iterator
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.checkup_wanted import FORBIDDEN, Finding, Wanted, sound, unseen, wrong
from leadscore_assets.backends.aws.errors import AwsError


def look_at_image(account: Account, wanted: Wanted) -> Iterator[Finding]:
    """Look whether the serving image lies in its registry."""
    remedy = "build deploy/serving, push it to the account's repository and name it in [aws] serving_image"
    if not wanted.serving_image:
        yield wrong("serving image", "none is named", remedy)
        return
    request = image_request(wanted.serving_image)
    if request is None:
        yield unseen("serving image", f"{wanted.serving_image} is not in ECR", "make sure that SageMaker can pull it")
        return
    try:
        found = account.call("ecr", "describe_images", **request)["imageDetails"]
    except AwsError as error:
        if error.code in ("ImageNotFoundException", "RepositoryNotFoundException"):
            yield wrong("serving image", f"{wanted.serving_image} does not exist", remedy)
            return
        raise
    yield sound("serving image", f"pushed {found[0]['imagePushedAt']:%Y-%m-%d}, {found[0]['imageDigest'][:19]}")


def image_request(image: str) -> dict[str, Any] | None:
    """Return the request that looks for an image by its address, None where it does not lie in ECR."""
    host, _, rest = image.partition("/")
    if ".dkr.ecr." not in host or not rest:
        return None
    name, at, digest = rest.partition("@")
    name, _, tag = name.partition(":")
    which = {"imageDigest": digest} if at else {"imageTag": tag or "latest"}
    return {"registryId": host.partition(".")[0], "repositoryName": name, "imageIds": [which]}


def look_at_topic(account: Account, wanted: Wanted) -> Iterator[Finding]:
    """Look whether the topic of notices is there and somebody listens."""
    if not wanted.topic:
        yield wrong("topic", "none is named: alarms tell nobody", "deploy storage.yaml and set [aws] topic")
        return
    try:
        shown = account.call("sns", "get_topic_attributes", TopicArn=wanted.topic)["Attributes"]
    except AwsError as error:
        if error.code in ("NotFound", "NotFoundException"):
            yield wrong("topic", f"{wanted.topic} does not exist", "deploy storage.yaml, or correct [aws] topic")
            return
        raise
    listeners = int(shown.get("SubscriptionsConfirmed", 0))
    if listeners:
        yield sound("topic", f"{listeners} subscribed")
    else:
        yield wrong("topic", "nobody is subscribed", f"aws sns subscribe --topic-arn {wanted.topic} --protocol email")


def look_at_group(account: Account, wanted: Wanted) -> Iterator[Finding]:
    """Look at the model package group; the first package makes it."""
    try:
        account.call("sagemaker", "describe_model_package_group", ModelPackageGroupName=wanted.group)
        yield sound("model package group", f"{wanted.group}")
    except AwsError as error:
        if error.code in FORBIDDEN:
            raise
        yield sound("model package group", f"{wanted.group} is made with the first package")


def look_at_endpoint(account: Account, wanted: Wanted) -> Iterator[Finding]:
    """Look at the endpoint; the first release makes it."""
    try:
        found = account.call("sagemaker", "describe_endpoint", EndpointName=wanted.endpoint)
    except AwsError as error:
        if error.code in FORBIDDEN:
            raise
        yield sound("endpoint", f"{wanted.endpoint} is made with the first release")
        return
    status = found["EndpointStatus"]
    if status in ("Failed", "UpdateRollbackFailed", "OutOfService"):
        why = found.get("FailureReason", "no reason was given")
        yield wrong("endpoint", f"{wanted.endpoint} is {status}: {why}", "look at its logs; release a version again")
    else:
        yield sound("endpoint", f"{wanted.endpoint} is {status} with {found.get('EndpointConfigName')}")


def look_at_logs(account: Account, wanted: Wanted) -> Iterator[Finding]:
    """Look whether the endpoint's log group forgets some day."""
    name = f"/aws/sagemaker/Endpoints/{wanted.endpoint}"
    groups = account.call("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    own = [item for item in groups if item["logGroupName"] == name]
    if own and own[0].get("retentionInDays"):
        yield sound("log group", f"{name} keeps {own[0]['retentionInDays']} days")
    else:
        told = "keeps its lines for ever" if own else "is not made yet, and would keep its lines for ever"
        yield wrong("log group", f"{name} {told}", "deploy storage.yaml, or set a retention")
