"""A process that uses a registry; started by the registry's tests, free of what pytest and CI set."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path

from leadscore_assets.backends.local.registry import MlflowRegistry


def main(folder: str, *digests: str) -> None:
    """Register each digest, promote the last one and print every package's version and digest."""
    registry = MlflowRegistry(folder=Path(folder), now=lambda: datetime.now(UTC))
    package = None
    for digest in digests:
        lineage = {"features_digest": "f", "data_digest": digest}
        package = registry.register(digest=digest, week=date(2026, 1, 5), metrics={}, lineage=lineage)
    if package:
        registry.promote(package.version)
    from mlflow.telemetry import get_telemetry_client

    sys.stdout.write(f"telemetry {get_telemetry_client()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
