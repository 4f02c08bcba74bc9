"""Prices of a whole site: machines, and what stands beside them, with a site's own table laid over both."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Self

from leadscore_assets.backends.aws.prices import Prices


@dataclass(frozen=True)
class SitePrices:
    """US dollars by region; a site's own table may hold machines and units alike, below the same [regions.NAME]."""

    machines: Prices
    units: Prices

    @classmethod
    def read(cls, path: Path | None = None) -> Self:
        """Read both tables that come with the product, a site's own over them; raise InvalidInput for a bad one."""
        text = resources.files("leadscore_assets.backends.aws").joinpath("site_prices.toml").read_text("utf-8")
        content = tomllib.loads(text)
        return cls(Prices.read(path), Prices(content["as_of"], content["regions"]))

    @property
    def as_of(self) -> str:
        """The older month of both tables."""
        return min(self.machines.as_of, self.units.as_of)

    def hourly(self, instance: str, region: str) -> float | None:
        """Return the price of an instance-hour, None where the tables hold none."""
        return self.machines.hourly(instance, region)

    def unit(self, name: str, region: str) -> float | None:
        """Return the price of a unit of something else, None where the tables hold none."""
        own: Mapping[str, float] = self.machines.regions.get(region, {})
        return own.get(name, self.units.regions.get(region, {}).get(name))
