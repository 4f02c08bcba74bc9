"""How the delta-rs reader reaches S3 with an account's credentials: handed over in memory, never written or logged."""

from leadscore_assets.backends.aws.account import Account


def storage_options(account: Account) -> dict[str, str]:
    """Return delta-rs's options for an account's S3, with the credentials of this moment."""
    endpoint, frozen = account.s3_endpoint(), account.credentials()
    options = {"AWS_REGION": account.region}
    if endpoint:
        options |= {"AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": str(endpoint.startswith("http://")).lower()}
    if frozen:
        options |= {"AWS_ACCESS_KEY_ID": frozen.access_key, "AWS_SECRET_ACCESS_KEY": frozen.secret_key}
    if frozen and frozen.token:
        options["AWS_SESSION_TOKEN"] = frozen.token
    return options
