"""A look at the site's bucket: there, ours, in the right region, versioned, encrypted and closed to the public."""

from collections.abc import Iterator

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.checkup_wanted import FORBIDDEN, Finding, Wanted, refused, sound, wrong
from leadscore_assets.backends.aws.errors import AwsError

_REMEDY = "create it with deploy/aws/storage.yaml, or correct [aws] bucket, owner and region"
_ABSENT = ("NoSuchPublicAccessBlockConfiguration", "ServerSideEncryptionConfigurationNotFoundError")


def look_at_bucket(account: Account, wanted: Wanted) -> Iterator[Finding]:
    """Look at the bucket of the settings; where it is not ours, at nothing of it."""
    place = {"Bucket": wanted.bucket, **({"ExpectedBucketOwner": wanted.owner} if wanted.owner else {})}
    try:
        answer = account.call("s3", "get_bucket_location", **place)
    except AwsError as error:
        if error.code in FORBIDDEN:
            yield wrong("bucket", f"{wanted.bucket} is of another account, or may not be looked at", _REMEDY)
        else:
            yield wrong("bucket", f"{error}", _REMEDY)
        return
    region = answer.get("LocationConstraint") or "us-east-1"
    if region != account.region:
        yield wrong("bucket", f"{wanted.bucket} lies in {region}, the rest in {account.region}", _REMEDY)
    else:
        yield sound("bucket", f"{wanted.bucket} lies in {region}" + (f", of {wanted.owner}" if wanted.owner else ""))
    for name, look in (("versions", _versions), ("encryption", _encryption), ("public access", _public)):
        try:
            yield look(account, place)
        except AwsError as error:
            yield _lacks(name, error)


def _lacks(name: str, error: AwsError) -> Finding:
    if error.code in _ABSENT:
        return wrong(f"bucket {name}", "not configured", "deploy deploy/aws/storage.yaml, or set it by hand")
    return refused(f"bucket {name}", error)


def _versions(account: Account, place: dict[str, str]) -> Finding:
    status = account.call("s3", "get_bucket_versioning", **place).get("Status", "Off")
    if status == "Enabled":
        return sound("bucket versions", "kept")
    remedy = f"aws s3api put-bucket-versioning --bucket {place['Bucket']} --versioning-configuration Status=Enabled"
    return wrong("bucket versions", f"{status}: what is overwritten is lost", remedy)


def _encryption(account: Account, place: dict[str, str]) -> Finding:
    rules = account.call("s3", "get_bucket_encryption", **place)["ServerSideEncryptionConfiguration"]["Rules"]
    kinds = {rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules}
    return sound("bucket encryption", f"{', '.join(sorted(kinds))}")


def _public(account: Account, place: dict[str, str]) -> Finding:
    rules = account.call("s3", "get_public_access_block", **place)["PublicAccessBlockConfiguration"]
    wanted = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    lax = sorted(name for name in wanted if not rules.get(name))
    if not lax:
        return sound("bucket public access", "blocked")
    remedy = "block all public access of the bucket (S3, Permissions)"
    return wrong("bucket public access", f"{', '.join(lax)} is off", remedy)
