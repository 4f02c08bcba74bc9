"""A look at an AWS account before the loop runs there: what is missing, with the remedy. It changes nothing.

Every look is one read-only call or a few; one that this identity may not make is told as not looked at, never as sound.
"""

from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.checkup_bucket import look_at_bucket
from leadscore_assets.backends.aws.checkup_roles import look_at_caller, look_at_role
from leadscore_assets.backends.aws.checkup_serving import (
    look_at_endpoint,
    look_at_group,
    look_at_image,
    look_at_logs,
    look_at_topic,
)
from leadscore_assets.backends.aws.checkup_wanted import Finding, Look, Wanted, refused, sound, unseen, wrong
from leadscore_assets.backends.aws.errors import AwsError

_NO_CREDENTIALS = "set up credentials: aws configure, aws sso login, or [aws] profile in leadscore.toml"
_EXTRAS = {"boto3": "aws", "dagster_aws": "aws", "psycopg": "postgres"}
_QUOTAS = "Service Quotas, Amazon SageMaker, ask for an increase; it may take a day"


def check_account(account: Account, wanted: Wanted) -> list[Finding]:
    """Look at everything that the loop needs, in the order in which it is mended; without credentials at nothing else.

    Raises AwsUnavailable when AWS is not reached at all, InvalidInput without boto3.
    """
    who = _told("credentials", lambda: _credentials(account, wanted))
    found = [*_extras(), _region(account), who]
    if not who.passed:
        return found
    for name, look in _LOOKS:
        try:
            found += look(account, wanted)
        except AwsError as error:
            found.append(refused(name, error))
    return found


def _told(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except AwsError as error:
        return wrong(name, f"{error}", _NO_CREDENTIALS)


def _extras() -> Iterator[Finding]:
    missing = sorted(name for name in _EXTRAS if find_spec(name) is None)
    if missing:
        extras = ",".join(sorted({_EXTRAS[name] for name in missing}))
        yield wrong("packages", f"{', '.join(missing)} not installed", f"pip install 'leadscore-assets[{extras}]'")
    else:
        yield sound("packages", f"{', '.join(_EXTRAS)} are installed")


def _region(account: Account) -> Finding:
    if account.region in _regions():
        return sound("region", f"{account.region} has SageMaker")
    return wrong("region", f"{account.region} is no region with SageMaker", "correct [aws] region in leadscore.toml")


@cache
def _regions() -> frozenset[str]:
    """The regions with SageMaker, as botocore knows them."""
    import botocore.session

    session = botocore.session.get_session()
    partitions = session.get_available_partitions()
    return frozenset(name for part in partitions for name in session.get_available_regions("sagemaker", part))


def _credentials(account: Account, wanted: Wanted) -> Finding:
    who = account.call("sts", "get_caller_identity")
    if wanted.owner and who["Account"] != wanted.owner:
        remedy = "use credentials of that account, or correct [aws] owner"
        return wrong("credentials", f"{who['Arn']} is of another account than {wanted.owner}", remedy)
    return sound("credentials", f"{who['Arn']}")


def _quotas(account: Account, wanted: Wanted) -> Iterator[Finding]:
    applied = _values(account.pages("service-quotas", "list_service_quotas", "Quotas", ServiceCode="sagemaker"))
    usual: dict[str, float] | None = None
    for name, needed in wanted.quotas().items():
        if name not in applied and usual is None:
            request = {"ServiceCode": "sagemaker"}
            usual = _values(account.pages("service-quotas", "list_aws_default_service_quotas", "Quotas", **request))
        value = applied.get(name, (usual or {}).get(name))
        if value is None:
            yield unseen(f"quota {name}", "AWS lists no such quota", f"make sure that {needed} are allowed: {_QUOTAS}")
        elif value < needed:
            yield wrong(f"quota {name}", f"{value:g} allowed, {needed} needed", _QUOTAS)
        else:
            yield sound(f"quota {name}", f"{value:g} allowed, {needed} needed")


def _values(quotas: Iterator[dict[str, Any]]) -> dict[str, float]:
    return {item["QuotaName"]: float(item["Value"]) for item in quotas}


_LOOKS: tuple[tuple[str, Look], ...] = (
    ("bucket", look_at_bucket),
    ("role", look_at_role),
    ("own rights", look_at_caller),
    ("quotas", _quotas),
    ("serving image", look_at_image),
    ("topic", look_at_topic),
    ("model package group", look_at_group),
    ("endpoint", look_at_endpoint),
    ("log group", look_at_logs),
)
