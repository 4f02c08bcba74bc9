"""What machines cost an hour, from a dated table that a site may lay its own over; estimates, never a bill."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Self

from leadscore_assets.domain.errors import InvalidInput


@dataclass(frozen=True)
class Prices:
    """US dollars an hour by region and instance, and the month they are of."""

    as_of: str
    regions: Mapping[str, Mapping[str, float]]

    @classmethod
    def read(cls, path: Path | None = None) -> Self:
        """Read the table that comes with the product, a site's own laid over it; raise InvalidInput for a bad one."""
        own = resources.files("leadscore_assets.backends.aws").joinpath("prices.toml").read_text("utf-8")
        table = cls._of(tomllib.loads(own), "the built-in prices")
        if path is None:
            return table
        try:
            other = cls._of(tomllib.loads(path.read_text("utf-8")), str(path))
        except (OSError, ValueError) as error:
            raise InvalidInput(f"prices in {path} cannot be read: {error}; correct the file") from None
        names = {*table.regions, *other.regions}
        merged = {name: {**table.regions.get(name, {}), **other.regions.get(name, {})} for name in names}
        return cls(other.as_of, merged)

    def hourly(self, instance: str, region: str) -> float | None:
        """Return an instance-hour's price, None where the table holds none: an unknown price is not 0."""
        return self.regions.get(region, {}).get(instance)

    def cost(self, instance: str, region: str, *, seconds: float, hosts: int = 1) -> float | None:
        """Return what so many billable seconds of each host cost, None where the price is not known."""
        price = self.hourly(instance, region)
        return None if price is None else round(price * seconds * hosts / 3600, 6)

    @classmethod
    def _of(cls, content: Mapping[str, Any], place: str) -> Self:
        regions = content.get("regions", {})
        wrong = [
            f"{region} {name} = {price!r}"
            for region, table in regions.items()
            for name, price in table.items()
            if isinstance(price, bool) or not isinstance(price, int | float) or price < 0
        ]
        if wrong or not isinstance(content.get("as_of"), str):
            what = f"{wrong[0]} is no price" if wrong else "as_of, the month of the prices, is missing"
            raise InvalidInput(f"{place}: {what}; write as_of = 'YYYY-MM' and dollars an hour below [regions.NAME]")
        return cls(content["as_of"], regions)
