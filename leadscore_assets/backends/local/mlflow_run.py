"""One training run in an MLflow experiment, once a name: parameters, metrics and small files."""

import math
import re
from collections.abc import Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from leadscore_assets.backends.atomic import storage_errors
from leadscore_assets.domain.digests import canonical_json, digest_of

_KEY = "leadscore.key"
_VALUE_LIMIT = 6000
_NAME_LIMIT = 250
_BATCH = 100
_FINISHED = "FINISHED"


def record_run(
    client: Any,
    experiment_id: str,
    *,
    name: str,
    week: date,
    params: dict[str, Any],
    metrics: dict[str, float],
    files: Sequence[Path],
) -> str:
    """Return the id of the finished run of this name, recorded now if there is none.

    A run whose recording was cut short is deleted and recorded anew. Metrics that are not finite are left out.
    """
    key = digest_of(name)
    for run in client.search_runs([experiment_id], filter_string=f"tags.`{_KEY}` = '{key}'"):
        if run.info.status == _FINISHED:
            return str(run.info.run_id)
        client.delete_run(run.info.run_id)
    tags = {_KEY: key, "week": week.isoformat()}
    run_id = str(client.create_run(experiment_id, run_name=name, tags=tags).info.run_id)
    _log(client, run_id, params=params, metrics=metrics)
    for path in files:
        with storage_errors(path):
            client.log_artifact(run_id, str(path))
    client.set_terminated(run_id, status=_FINISHED)
    return run_id


def _log(client: Any, run_id: str, *, params: dict[str, Any], metrics: dict[str, float]) -> None:
    from mlflow.entities import Metric, Param

    moment = client.get_run(run_id).info.start_time
    finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
    measured = [Metric(_allowed(name), float(value), moment, 0) for name, value in finite.items()]
    given = iter([Param(_allowed(name), _shortened(value)) for name, value in params.items()])
    client.log_batch(run_id, metrics=measured)
    while batch := list(islice(given, _BATCH)):
        client.log_batch(run_id, params=batch)


def _allowed(name: str) -> str:
    return re.sub(r"[^\w\-./ :]", "_", name)[:_NAME_LIMIT]


def _shortened(value: Any) -> str:
    text = value if isinstance(value, str) else canonical_json(value)
    return text if len(text) <= _VALUE_LIMIT else f"{text[: _VALUE_LIMIT - 3]}..."
