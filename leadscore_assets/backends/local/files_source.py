"""Leads from Parquet and CSV files on this machine: a file, a folder or a pattern."""

from leadscore_assets.backends.local.source_files import find_files
from leadscore_assets.backends.sources.allowed import EVERYWHERE, Allowed
from leadscore_assets.backends.sources.files_source import FilesSource
from leadscore_assets.backends.sources.source_file import Format
from leadscore_assets.domain.contract import Contract


def local_source(
    path: str,
    *,
    contract: Contract,
    format: Format = "auto",  # noqa: A002 - the word users write in leadscore.toml
    allowed: Allowed = EVERYWHERE,
) -> FilesSource:
    """Return the source of the files that a path names, as far as they may be read."""
    return FilesSource(f"file:{path}", files=lambda: find_files(path, format, allowed=allowed), contract=contract)
