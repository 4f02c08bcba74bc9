"""Batches scored in this process, on all its cores."""

import pyarrow as pa

from leadscore_assets.backends.ports import BundleStore
from leadscore_assets.domain.batch import scored_table
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.scoring import Scorer


class LocalBatchScorer:
    """Scores with bundles of a store."""

    def __init__(self, bundles: BundleStore) -> None:
        self._bundles = bundles

    def score(self, package: Package, leads: pa.Table, *, reasons: int) -> pa.Table:
        """Score leads with a package's bundle; raise Missing or CorruptArtefact when it cannot be opened."""
        folder = self._bundles.path(package.digest)
        return scored_table(Scorer.open(folder, digest=package.digest, threads=0), leads, reasons=reasons)
