"""Parquet files as Arrow tables, whole or only the row groups that hold wanted rows."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from leadscore_assets.backends.sources.source_file import SourceFile
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.moments import Ints


def read_parquet(source: SourceFile) -> pa.Table:
    """Read a Parquet file; raise InvalidInput when it is none or damaged."""
    try:
        with source.open() as opened, pq.ParquetFile(opened) as file:
            return file.read()
    except (pa.ArrowException, OSError) as error:
        raise _damaged(source, error) from None


def read_parquet_rows(source: SourceFile, rows: Ints) -> pa.Table:
    """Read some rows of a Parquet file by their ascending positions, touching only the row groups that hold them."""
    try:
        with source.open() as opened, pq.ParquetFile(opened) as file:
            sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
            ends = np.cumsum(sizes)
            groups = np.unique(np.searchsorted(ends, rows, side="right"))
            table = file.read_row_groups(groups.tolist())
    except (pa.ArrowException, OSError) as error:
        raise _damaged(source, error) from None
    kept = np.concatenate([np.arange(ends[at] - sizes[at], ends[at]) for at in groups])
    return table.take(np.searchsorted(kept, rows))


def _damaged(source: SourceFile, error: Exception) -> Exception:
    if isinstance(error, PermissionError | FileNotFoundError):
        return error
    lost = source.lost(error) if isinstance(error, OSError) else None
    if lost:
        return lost
    with source.open() as opened:
        empty = opened.size() == 0
    if empty:
        return InvalidInput(f"{source.place} is empty; remove it or write it again")
    reason = str(error).splitlines()[0]
    return InvalidInput(
        f"{source.place} is no Parquet file or is damaged ({reason}); write it again or correct its ending"
    )
