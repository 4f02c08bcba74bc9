"""Leads from Parquet and CSV objects below an S3 prefix."""

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.s3_files import find_objects
from leadscore_assets.backends.sources.files_source import FilesSource
from leadscore_assets.backends.sources.notes import Notes
from leadscore_assets.backends.sources.source_file import Format
from leadscore_assets.domain.contract import Contract


def s3_source(
    account: Account,
    uri: str,
    *,
    contract: Contract,
    format: Format = "auto",  # noqa: A002 - the word users write in leadscore.toml
    owner: str | None = None,
    notes: Notes | None = None,
) -> FilesSource:
    """Return the source of an object, or of all objects below a prefix, in a bucket of this owner."""
    return FilesSource(
        uri, files=lambda: find_objects(account, uri, format, owner=owner), contract=contract, notes=notes
    )
