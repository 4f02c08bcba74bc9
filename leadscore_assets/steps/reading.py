"""A file of leads that is not a week: read, checked against the contract, with what broke it set aside."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.validation import Validated, validate_week
from leadscore_assets.steps.listing import champion
from leadscore_assets.steps.platform import Platform


@dataclass(frozen=True)
class NamedBundle:
    """A bundle as a person names it: its digest, and its version where it is registered."""

    digest: str
    package: Package | None

    @property
    def version(self) -> int:
        """The version, 0 where the bundle was never registered."""
        return self.package.version if self.package else 0


def check_leads(raw: pa.Table, contract: Contract, *, place: str, labelled: bool) -> Validated:
    """Check the rows of any file of leads; label and outcome may be absent where they are not asked for.

    Raises InvalidInput naming file, column and remedy. Rows that break the contract come back beside the good ones.
    """
    for name in contract.known_later:
        if name not in raw.column_names and not labelled:
            raw = raw.append_column(name, pa.nulls(raw.num_rows, contract.schema.field(name).type))
    found = validate_week(raw, contract)
    if not found.good.num_rows:
        worst = max(found.reasons, key=lambda reason: found.reasons[reason], default="it holds no rows")
        raise InvalidInput(f"{place}: no row fits the contract {contract.name}; most often: {worst}")
    return found


def find_bundle(platform: Platform, name: str) -> NamedBundle:
    """Find a bundle by 'champion', version number, week or the beginning of its digest; raise InvalidInput."""
    if name == "champion":
        package = champion(platform)
        return NamedBundle(package.digest, package)
    if name.isdigit() and len(name) < 6:
        package = platform.registry.get(int(name))
        return NamedBundle(package.digest, package)
    digest = _of_week(platform, name) or _by_digest(platform, name)
    return NamedBundle(digest, platform.registry.find(digest))


def _of_week(platform: Platform, name: str) -> str | None:
    try:
        week = date.fromisoformat(name)
    except ValueError:
        return None
    stored = platform.lake.read_json(f"models/week={week}/model.json")
    if stored is None:
        raise InvalidInput(f"week {week} has no trained model; run 'leadscore backfill --from {week} --to {week}'")
    return str(stored["digest"])


def _by_digest(platform: Platform, name: str) -> str:
    found = [digest for digest in platform.bundles.digests() if digest.startswith(name)]
    if len(found) != 1:
        what = "no bundle" if not found else f"{len(found)} bundles"
        raise InvalidInput(
            f"{name!r} names {what}; give 'champion', a version, a week or the first 8 digits of a digest"
        )
    return found[0]
