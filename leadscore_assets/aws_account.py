"""The AWS account that settings name: opened, looked at whole, and priced. The ports that run there are elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from leadscore_assets.aws_settings import AwsSettings
from leadscore_assets.domain.monthly_cost import PriceTable
from leadscore_assets.settings import Settings

if TYPE_CHECKING:
    from leadscore_assets.backends.aws.account import Account
    from leadscore_assets.backends.aws.checkup_wanted import Finding


def open_account(aws: AwsSettings, *, region: str | None = None) -> "Account":
    """Return the account of the settings, in another region than its own where one is named; nothing is connected."""
    from leadscore_assets.backends.aws.account import Account

    return Account(region=region or aws.region, endpoint_url=aws.endpoint_url, profile=aws.profile)


def account_check(settings: Settings, aws: AwsSettings) -> "Callable[[], list[Finding]]":
    """Return a look at the account of a home's [aws] section, for a person."""
    from leadscore_assets.backends.aws.checkup import check_account
    from leadscore_assets.backends.aws.checkup_wanted import Wanted

    policy, name = settings.policy(), settings.values.endpoint.name
    wanted = Wanted(
        bucket=aws.bucket,
        prefix=aws.prefix,
        owner=aws.owner,
        role=aws.role,
        serving_image=aws.serving_image,
        topic=aws.topic,
        endpoint=name,
        group=name,
        resources=policy.resources,
        shadow=policy.release.shadow,
    )
    return lambda: check_account(open_account(aws), wanted)


def price_table(path: Path | None) -> PriceTable:
    """Return the prices that come with the product, a site's own table laid over them."""
    from leadscore_assets.backends.aws.site_prices import SitePrices

    return SitePrices.read(path)
