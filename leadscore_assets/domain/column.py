"""One column of leads as numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Column:
    """One column: `values` (n,) with NaN where missing; for categories they are positions in `levels`."""

    values: Floats
    levels: tuple[str, ...] | None = None


Columns = Mapping[str, Column]
