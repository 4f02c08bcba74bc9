"""The last steps of the features, the same for a matrix and for one lead: caps, fills, scales and one-hot columns.

Everything learnt stands in one array a step, so that one lead costs as many operations as a million.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from leadscore_assets.domain.column import Floats

Matrix = np.ndarray[Any, np.dtype[np.float32]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Finishing:
    """What was learnt for f raw columns, None where no column asks for a step.

    `source` and `level` say for each input which raw column it comes from and which level it stands for, -1 for none.
    """

    caps: tuple[Floats, Floats] | None
    fill: Floats | None
    scale: tuple[Floats, Floats] | None
    source: Ints | None
    level: Floats

    @classmethod
    def of(cls, learnt: Sequence[Mapping[str, float]], hot: Sequence[int | None]) -> Self:
        """Lay out what was learnt for each raw column, and of how many levels each one-hot column is."""

        def each(name: str, otherwise: float) -> Floats:
            return np.array([item.get(name, otherwise) for item in learnt], dtype=np.float64)

        def any_has(name: str) -> bool:
            return any(name in item for item in learnt)

        spread = [[-1] if levels is None else list(range(levels)) for levels in hot]
        return cls(
            caps=(each("low", -np.inf), each("high", np.inf)) if any_has("low") else None,
            fill=each("fill", np.nan) if any_has("fill") else None,
            scale=(each("centre", 0.0), each("scale", 1.0)) if any_has("scale") else None,
            source=np.repeat(np.arange(len(hot)), [len(item) for item in spread])
            if any(levels is not None for levels in hot)
            else None,
            level=np.array([level for item in spread for level in item], dtype=np.float64),
        )

    def apply(self, raw: Floats) -> Matrix:
        """Return float32 inputs (..., k) of raw columns (..., f), which may be changed."""
        if self.caps:
            np.clip(raw, *self.caps, out=raw)
        if self.fill is not None:
            np.copyto(raw, self.fill, where=np.isnan(raw))
        if self.scale:
            raw -= self.scale[0]
            raw /= self.scale[1]
        if self.source is not None:
            raw = raw[..., self.source]
            raw = np.where(self.level < 0, raw, raw == self.level)
        return raw.astype(np.float32)
