"""Every port of a platform on AWS: one account, one bucket, SageMaker; this machine keeps only a cache.

Names follow the endpoint's: the group of its packages is called like it, and its captures lie below its name.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leadscore_assets.aws_account import open_account
from leadscore_assets.aws_settings import AwsSettings
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.later import Later
from leadscore_assets.settings import Settings

if TYPE_CHECKING:
    from leadscore_assets.backends.aws.place import Place


def aws_ports(settings: Settings, *, now: Callable[[], datetime]) -> dict[str, Any]:
    """Return the platform's adapters by the name of their port; nothing is connected before it is used."""
    from leadscore_assets.backends.aws.captures import S3Captures
    from leadscore_assets.backends.aws.s3_bundles import S3Bundles
    from leadscore_assets.backends.aws.s3_lake import S3Lake
    from leadscore_assets.backends.aws.s3_store import S3Store
    from leadscore_assets.backends.local.bundles import LocalBundles

    aws, home = _account_settings(settings), settings.home
    account = open_account(aws)
    store = S3Store(account, aws.bucket, aws.prefix, owner=aws.owner, kms_key=aws.kms_key)
    bundles, lake = S3Bundles(store, LocalBundles(home / "bundles")), S3Lake(store, home / "cache")
    captures = S3Captures(store, endpoint=settings.values.endpoint.name)
    opened = {"account": account, "store": store, "bundles": bundles}
    return {
        "lake": lake,
        "bundles": bundles,
        "captures": captures,
        "trainer": Later(lambda: _trainer(settings, aws, lake=lake, **opened)),
        "registry": Later(lambda: _registry(settings, aws, now, **opened)),
        "scorer": Later(lambda: _scorer(settings, aws, **opened)),
        "endpoint": Later(lambda: _endpoint(settings, aws, now, captures=captures, **opened)),
    }


def _account_settings(settings: Settings) -> AwsSettings:
    if settings.values.aws is None:
        raise InvalidInput("platform is aws and there is no [aws] section; write region, bucket and role there")
    return settings.values.aws


def _trainer(settings: Settings, aws: AwsSettings, *, account: Any, store: Any, bundles: Any, lake: Any) -> Any:
    from leadscore_assets.backends.aws.trainer import SageMakerTrainer

    return SageMakerTrainer(
        account,
        store,
        _place(aws),
        settings.policy().resources,
        lake=lake,
        bundles=bundles,
        look_seconds=aws.poll_seconds,
    )


def _registry(
    settings: Settings, aws: AwsSettings, now: Callable[[], datetime], *, account: Any, store: Any, bundles: Any
) -> Any:
    from leadscore_assets.backends.aws.registry import SageMakerRegistry
    from leadscore_assets.backends.aws.requests_registry import ServedBy

    resources = settings.policy().resources
    machines = (resources.endpoint_instance,), (resources.transform_instance,)
    return SageMakerRegistry(
        account,
        store,
        group=settings.values.endpoint.name,
        served_by=ServedBy(_place(aws).image, *machines),
        bundle_uri=bundles.uri,
        now=now,
        tags=aws.tags,
    )


def _scorer(settings: Settings, aws: AwsSettings, *, account: Any, store: Any, bundles: Any) -> Any:
    resources = settings.policy().resources
    if resources.batch_scoring == "run":
        from leadscore_assets.backends.local.batch_scorer import LocalBatchScorer

        return LocalBatchScorer(bundles)
    from leadscore_assets.backends.aws.transform import SageMakerTransform
    from leadscore_assets.backends.aws.waiting import Patience

    place = _place(aws)
    return SageMakerTransform(
        account,
        store=store,
        bundles=bundles,
        place=place,
        resources=resources,
        patience=Patience(interval=aws.poll_seconds),
    )


def _endpoint(
    settings: Settings,
    aws: AwsSettings,
    now: Callable[[], datetime],
    *,
    account: Any,
    store: Any,
    bundles: Any,
    captures: Any,
) -> Any:
    from leadscore_assets.backends.aws.endpoint import SageMakerEndpoint
    from leadscore_assets.backends.aws.requests_endpoint import longest_move
    from leadscore_assets.backends.aws.waiting import Patience

    contract, policy = settings.contract(), settings.policy()
    return SageMakerEndpoint(
        account,
        store,
        name=settings.values.endpoint.name,
        place=_place(aws),
        resources=policy.resources,
        capture=policy.capture,
        bundles=bundles,
        captures=captures,
        labels=(contract.label_minimum, contract.label_maximum),
        patience=Patience(interval=aws.poll_seconds, deadline=longest_move(policy.resources)),
        now=now,
    )


def _place(aws: AwsSettings) -> "Place":
    from leadscore_assets.backends.aws.place import Place

    return Place(
        f"s3://{aws.bucket}/{aws.prefix.strip('/')}",
        aws.role,
        serving_image=aws.serving_image,
        training_image=aws.training_image,
        kms_key=aws.kms_key,
        owner=aws.owner,
        subnets=aws.subnets,
        groups=aws.security_groups,
        tags=aws.tags,
        topic=aws.topic,
    )
