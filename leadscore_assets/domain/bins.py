"""Bins: how each feature of a home is counted, fixed once, so that every week's counts can be added up.

Numbers have up to 256 bins whose edges are the first weeks' quantiles (every value where there are few); categories
have their most frequent levels. The last place of a category takes every other level.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadscore_assets.domain.column import Column, Floats
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.facts import Record

Counts = NDArray[np.int64]
BINS = 256
LEVELS = 255


@dataclass(frozen=True)
class Ruler(Record):
    """How one feature is counted: rising `edges` of a number, each the largest value of its bin, or `levels`."""

    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] | None = None

    @property
    def size(self) -> int:
        """How many places a week's counts have; the last is above the last edge, or any other level."""
        return len(self.edges if self.levels is None else self.levels) + 1

    @cached_property
    def _places(self) -> dict[str, int]:
        return {level: place for place, level in enumerate(self.levels or ())}

    def place(self, column: Column) -> Floats:
        """Return the place (n,) of each value, NaN where missing."""
        known = ~np.isnan(column.values)
        places = np.full(column.values.shape, np.nan)
        if self.levels is None:
            places[known] = np.searchsorted(np.array(self.edges), column.values[known], side="left")
        else:
            table = np.array([self._places.get(level, len(self.levels)) for level in column.levels or ("",)])
            places[known] = table[column.values[known].astype(np.int64)]
        return places

    def count(self, column: Column) -> Counts:
        """Return how many known values lie in each place (size,)."""
        places = self.place(column)
        counts: Counts = np.bincount(places[~np.isnan(places)].astype(np.int64), minlength=self.size)
        return counts


@dataclass(frozen=True)
class Bins:
    """The rulers of a home's features under one contract (named by its digest)."""

    contract: str
    rulers: Mapping[str, Ruler]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of contract and rulers: only counts of equal bins may be added up."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the bins as JSON values."""
        return {"contract": self.contract, "rulers": {name: ruler.to_json() for name, ruler in self.rulers.items()}}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Bins":
        """Build the bins again; raise KeyError or TypeError when the content is of another shape."""
        return cls(content["contract"], {name: Ruler.from_json(item) for name, item in content["rulers"].items()})


def fit_bins(columns: Mapping[str, Column], *, contract: str) -> Bins:
    """Choose each feature's bins from the values (n,) of the first weeks."""
    return Bins(contract, {name: _ruler(column) for name, column in columns.items()})


def _ruler(column: Column) -> Ruler:
    known = column.values[~np.isnan(column.values)]
    if column.levels is not None:
        counts = np.bincount(known.astype(np.int64), minlength=len(column.levels))
        ranked = sorted(range(len(column.levels)), key=lambda i: (-counts[i], column.levels[i]))  # type: ignore[index]
        return Ruler(levels=tuple(column.levels[i] for i in ranked[:LEVELS] if counts[i]))
    distinct = np.unique(known)
    edges = distinct if distinct.size < BINS else np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
    return Ruler(edges=tuple(float(edge) for edge in edges))
