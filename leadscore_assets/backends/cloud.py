"""What commands ask about AWS itself, apart from running the loop there: a look at the account, and prices.

The ports of a platform are chosen in resources.py alone; nothing here is one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from leadscore_assets.domain.errors import Missing
from leadscore_assets.domain.monthly_cost import PriceTable
from leadscore_assets.settings import AwsSettings, Settings

if TYPE_CHECKING:
    from leadscore_assets.backends.aws.checkup_wanted import Finding


def account_check(settings: Settings, aws: AwsSettings) -> "Callable[[], list[Finding]]":
    """Return a look at the account of a home's [aws] section; raise Missing where boto3 is not installed."""
    from importlib.util import find_spec

    if find_spec("boto3") is None:
        raise Missing("boto3 is not installed; pip install 'leadscore-assets[aws]'")
    from leadscore_assets.backends.aws.account import Account
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
    account = Account(region=aws.region, endpoint_url=aws.endpoint_url, profile=aws.profile)
    return lambda: check_account(account, wanted)


def price_table(path: Path | None) -> PriceTable:
    """Return the prices that come with the product, a site's own table laid over them."""
    from leadscore_assets.backends.aws.site_prices import SitePrices

    return SitePrices.read(path)
