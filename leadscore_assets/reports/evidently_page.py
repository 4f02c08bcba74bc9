"""Evidently's own drift page on a sample, for those who know it; where Evidently is not installed, a sentence.

It describes and never decides: its tests and thresholds are its own, and the sample is small.
"""

import warnings

import pyarrow as pa

INSTALL = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>No Evidently page</title>'
    "<p>There is no Evidently page here: there were too few leads, the policy's drift.evidently_page is off, or "
    "Evidently is not installed. To get one, run <code>pip install 'leadscore-assets[evidently]'</code> and "
    "materialize drift_report again.</p></html>\n"
)


def evidently_page(reference: pa.Table, current: pa.Table) -> str:
    """Return DataDriftPreset's HTML for two samples with the same columns, or how to install Evidently.

    Columns without a value on either side are left out: Evidently cannot draw them.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from evidently import DataDefinition, Dataset, Report  # type: ignore[import-untyped]
            from evidently.presets import DataDriftPreset  # type: ignore[import-untyped]
    except ImportError:
        return INSTALL
    drawn = [name for name in current.column_names if _known(reference[name]) and _known(current[name])]
    numbers = [name for name in drawn if pa.types.is_floating(current[name].type)]
    definition = DataDefinition(
        numerical_columns=numbers, categorical_columns=[name for name in drawn if name not in numbers]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sides = [
            Dataset.from_pandas(side.select(drawn).to_pandas(), data_definition=definition)
            for side in (current, reference)
        ]
        return str(Report([DataDriftPreset()]).run(*sides).get_html_str(as_iframe=False))


def _known(column: "pa.ChunkedArray[pa.Scalar[pa.DataType]]") -> bool:
    return bool(len(column) > column.null_count)
