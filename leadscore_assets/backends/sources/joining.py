"""Tables of the same leads put under each other: a column whose type differs between them becomes text."""

from collections.abc import Sequence

import pyarrow as pa

from leadscore_assets.domain.texts import as_text


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of all tables in order, with every column that any of them has."""
    types: dict[str, set[pa.DataType]] = {}
    for table in tables:
        for field in table.schema:
            types.setdefault(field.name, set()).add(field.type)
    mixed = {name for name, found in types.items() if len(found - {pa.null()}) > 1}
    return pa.concat_tables([_with_texts(table, mixed) for table in tables], promote_options="default")


def _with_texts(table: pa.Table, names: set[str]) -> pa.Table:
    for name in names & set(table.column_names):
        table = table.set_column(table.column_names.index(name), name, as_text(table[name]))
    return table
