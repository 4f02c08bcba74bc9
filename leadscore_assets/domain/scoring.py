"""Scoring: a bundle opened, checked and ready to turn leads into scores, bands and reasons.

Batch and online go through the same transform and the same model; the same lead gets the same bits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from leadscore_assets.domain import bundle
from leadscore_assets.domain.calibration import Calibrator
from leadscore_assets.domain.column import Columns, Floats
from leadscore_assets.domain.columns import columns_from_records, columns_from_table
from leadscore_assets.domain.contract import Contract, contract_from
from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.features import FeatureTransform, Matrix
from leadscore_assets.domain.learners import read_model
from leadscore_assets.domain.learning import Learner
from leadscore_assets.domain.link import Link
from leadscore_assets.domain.single import One, SingleLead, ready

GOLDEN_TOLERANCE = 1e-5
_CHUNK = 16_384


@dataclass(frozen=True)
class Scored:
    """Scores of n leads: `raw` as the model says, `score` within the label's range, `rounded`, P(converted), band."""

    raw: Floats
    score: Floats
    rounded: np.ndarray[Any, np.dtype[np.int64]]
    probability: Floats | None
    band: list[str]

    def each(self) -> list[One]:
        """Return the scores lead by lead."""
        chances = self.probability.tolist() if self.probability is not None else [None] * len(self.band)
        rows = zip(self.score.tolist(), self.rounded.tolist(), self.band, chances, strict=True)
        return [One(*row) for row in rows]


@dataclass(frozen=True)
class Reason:
    """One feature's share in a score: the input's name and its contribution in score points."""

    feature: str
    contribution: float


@dataclass(frozen=True)
class Scorer:
    """An opened bundle: immutable and safe to use from several threads.

    `single` is the quick way of one lead, proved on the golden rows; None where it was not, and `engine` says why.
    """

    digest: str
    contract: Contract
    transform: FeatureTransform
    model: Learner
    link: Link | None
    calibrator: Calibrator
    bands: tuple[tuple[str, float], ...]
    clip: bool
    single: SingleLead | None = None
    engine: str = "batch"

    @classmethod
    def open(cls, folder: Path, *, digest: str | None = None, threads: int = 1) -> "Scorer":
        """Read a bundle, check every byte and its golden rows; raise CorruptArtefact when one does not hold."""
        found, files = bundle.read(folder, digest=digest)
        scorer = cls.from_files(found, files, threads=threads)
        golden = bundle.document(files, bundle.GOLDEN)
        scorer.check_golden(golden)
        single, difference = ready(scorer, golden["records"])
        return replace(scorer, single=single, engine=scorer.model.engine if single else f"batch ({difference})")

    @classmethod
    def from_files(cls, digest: str, files: Mapping[str, bytes], *, threads: int = 1) -> "Scorer":
        """Build a scorer from checked bytes."""
        contract = contract_from(bundle.document(files, bundle.CONTRACT))
        try:
            model = read_model(files, threads=threads)
        except ValueError as error:
            raise CorruptArtefact(f"bundle {digest[:12]}: the model does not load: {error}") from None
        bands = bundle.document(files, bundle.BANDS)
        return cls(
            digest=digest,
            contract=contract,
            transform=FeatureTransform(contract, bundle.document(files, bundle.FEATURES)),
            model=model,
            link=Link.from_json(bundle.document(files, bundle.LINK)) if bundle.LINK in files else None,
            calibrator=Calibrator.from_json(bundle.document(files, bundle.CALIBRATOR)),
            bands=tuple((name, float(bound)) for name, bound in bands["bounds"]),
            clip=bool(bands["clip"]),
        )

    def score_table(self, table: pa.Table) -> Scored:
        """Score leads in the contract's schema."""
        return self._score(columns_from_table(table, self.contract))

    def score_records(self, records: Sequence[Mapping[str, Any]]) -> Scored:
        """Score JSON records that were checked against the contract."""
        return self._score(columns_from_records(records, self.contract))

    def score_inputs(self, matrix: Matrix) -> Scored:
        """Score leads whose inputs (n, k) are computed already."""
        raw = self.predict(matrix)
        low, high = self.contract.label_minimum, self.contract.label_maximum
        score = np.clip(raw, low, high) if self.clip else raw
        rounded = np.clip(np.rint(score), low, high).astype(np.int64)
        return Scored(raw, score, rounded, self.calibrator.predict(score), self._bands_of(score))

    def predict(self, matrix: Matrix) -> Floats:
        """Return raw predictions (n,) of a feature matrix, on the label's scale and not clipped to its range."""
        parts = [self.model.predict(matrix[at : at + _CHUNK]) for at in range(0, len(matrix), _CHUNK)]
        margin = np.concatenate(parts) if parts else np.empty(0)
        return self.link.apply(margin) if self.link else margin

    def reasons(self, table: pa.Table, *, most: int) -> list[list[Reason]]:
        """Return each lead's strongest contributions, largest first.

        They are TreeSHAP values for trees (Lundberg et al. 2018), coefficient x centred value for the linear model.
        """
        return self._reasons(self.transform.transform(columns_from_table(table, self.contract)), most)

    def explain_records(self, records: Sequence[Mapping[str, Any]], *, most: int) -> tuple[Scored, list[list[Reason]]]:
        """Score checked JSON records and return with the scores what `reasons` says of the same leads."""
        matrix = self.transform.transform(columns_from_records(records, self.contract))
        return self.score_inputs(matrix), self._reasons(matrix, most)

    def check_golden(self, golden: dict[str, Any]) -> None:
        """Score the golden rows again; raise CorruptArtefact when a prediction is off by more than 1e-5."""
        found = self.score_records(golden["records"]).score
        expected = np.array(golden["scores"], dtype=np.float64)
        if found.shape != expected.shape or not np.allclose(found, expected, rtol=0, atol=GOLDEN_TOLERANCE):
            gap = float(np.abs(found - expected).max()) if found.shape == expected.shape else float("nan")
            raise CorruptArtefact(
                f"bundle {self.digest[:12]}: its golden rows score differently here (by up to {gap:.3g}); "
                "serve it with the package versions it was trained with, or train the week again"
            )

    def _reasons(self, matrix: Matrix, most: int) -> list[list[Reason]]:
        if not len(matrix) or not most:
            return [[] for _ in range(len(matrix))]
        found = self.model.contributions(matrix)
        shares = (self.link.in_points(found) if self.link else found)[:, :-1]
        names = self.transform.inputs
        order = np.argsort(-np.abs(shares), axis=1, kind="stable")[:, :most]
        return [[Reason(names[i], float(row[i])) for i in best] for row, best in zip(shares, order, strict=True)]

    def _score(self, columns: Columns) -> Scored:
        return self.score_inputs(self.transform.transform(columns))

    def _bands_of(self, score: Floats) -> list[str]:
        names = [name for name, _ in self.bands]
        bounds = np.array([bound for _, bound in self.bands[:-1]])
        return [names[i] for i in (score[:, None] < bounds[None, :]).sum(axis=1)]
