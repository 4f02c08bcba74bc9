"""Lists: leads scored by a bundle and ranked, with a band and reasons, as a table, Parquet and CSV."""

import io
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from leadscore_assets.domain import bundle
from leadscore_assets.domain.batch import scored_table
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.digests import table_digest
from leadscore_assets.domain.errors import InvalidInput, Missing
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.scoring import Reason, Scorer
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.shown_scores import keep_shown
from leadscore_assets.steps.stored_week import manifest_of

_MISSING = "not known"


@dataclass(frozen=True)
class RankedList:
    """A week's list: where it lies, how many leads, and how many in each band."""

    week: date
    package: Package
    rows: int
    bands: dict[str, int]
    parquet: str
    csv: str
    scores: tuple[float, ...]


def champion(platform: Platform) -> Package:
    """Return the production package; raise Missing with the remedy."""
    found = platform.registry.production()
    if found is None:
        raise Missing("there is no model in production; run 'leadscore retrain' first")
    return found


def score_week(platform: Platform, week: date) -> RankedList:
    """Score a week's leads with the champion and store the ranked list as Parquet and CSV."""
    package = champion(platform)
    manifest = manifest_of(platform, week)
    leads = platform.lake.read_files(manifest.files) if manifest.files else platform.contract.schema.empty_table()
    contract = bundle.contract_of(platform.bundles.path(package.digest), digest=package.digest)
    _check_columns(leads, contract, package)
    scored = platform.scorer.score(package, leads, reasons=platform.policy.lists.reasons)
    ranked = in_order(leads, scored, contract, package)
    parquet = platform.lake.write_bytes(list_path(week), parquet_bytes(ranked))
    text = platform.lake.write_bytes(f"scored/week={week}/leads.csv", csv_bytes(ranked))
    keep_shown(platform, week, ranked)
    platform.ledger.append(
        "scored",
        f"week {week}",
        reason=f"{ranked.num_rows:,} leads by version {package.version}",
        evidence={
            "bundle": package.digest,
            "version": package.version,
            "leads": manifest.digest,
            "generation": manifest.generation,
            "list": list_digest(ranked),
            "policy_digest": platform.policy.digest,
        },
        key=f"scored:{week}:{manifest.digest}:{manifest.generation}:{package.digest}:{list_digest(ranked)[:16]}",
    )
    bands = {name: ranked["band"].to_pylist().count(name) for name in dict.fromkeys(ranked["band"].to_pylist())}
    return RankedList(week, package, ranked.num_rows, bands, parquet, text, tuple(ranked["score"].to_pylist()))


def cannot_score(platform: Platform) -> str | None:
    """Say why the champion cannot score today's leads; None when it can."""
    try:
        package = champion(platform)
        scorer = Scorer.open(platform.bundles.path(package.digest), digest=package.digest)
        _check_columns(platform.contract.schema.empty_table(), scorer.contract, package)
    except (Missing, InvalidInput) as error:
        return f"{error}"
    return None


def list_problems(platform: Platform, week: date) -> list[str]:
    """Compare a week's list with its leads; return each difference as a sentence."""
    manifest, contract = platform.lake.manifest(week), platform.contract
    path = platform.lake.local_path(list_path(week))
    if manifest is None or not path.is_file():
        return [f"week {week} has no list; materialize scored_leads for it"]
    ranked = pq.read_table(path, columns=["score"], partitioning=None)["score"].to_numpy()
    problems = []
    if len(ranked) != manifest.rows:
        problems.append(
            f"the list of week {week} holds {len(ranked):,} leads and the week {manifest.rows:,}; score it again"
        )
    inside = (ranked >= contract.label_minimum) & (ranked <= contract.label_maximum)
    if platform.policy.lists.clip and not inside.all():
        problems.append(f"{int((~inside).sum()):,} scores lie outside the label's range")
    if (np.diff(ranked) > 0).any():
        problems.append("the list is not in order of the score")
    return problems


def rank(leads: pa.Table, scorer: Scorer, package: Package, platform: Platform) -> pa.Table:
    """Score leads here and return the list of them, as `in_order` does."""
    _check_columns(leads, scorer.contract, package)
    scored = scored_table(scorer, leads, reasons=platform.policy.lists.reasons)
    return in_order(leads, scored, scorer.contract, package)


def in_order(leads: pa.Table, scored: pa.Table, contract: Contract, package: Package) -> pa.Table:
    """Return leads best first: rank, key, created_at, score, rounded score, band, chance, reasons, model version.

    `scored` holds the columns of domain.batch.SCORED, in the order of the leads.
    """
    reasons = [[Reason(**reason) for reason in found] for found in scored["reasons"].to_pylist()]
    names = set(contract.by_name)
    texts = [_sentence(row, found, names) for row, found in zip(_rows(leads, reasons), reasons, strict=True)]
    table = pa.table(
        {
            contract.key: leads[contract.key],
            contract.created_at: leads[contract.created_at],
            "score": scored["score"],
            "raw": scored["raw"],
            "score_rounded": scored["score_rounded"],
            "band": scored["band"],
            "conversion_probability": scored["conversion_probability"],
            "reasons": pa.array(texts, pa.string()),
            "model_version": pa.array([package.version] * leads.num_rows, pa.int64()),
        }
    )
    ordered = table.sort_by([("raw", "descending"), (contract.key, "ascending")]).drop_columns(["raw"])
    return ordered.add_column(0, "rank", pa.array(np.arange(1, ordered.num_rows + 1)))


def list_path(week: date) -> str:
    """Return where a week's list lies in the lake."""
    return f"scored/week={week}/leads.parquet"


def list_digest(ranked: pa.Table) -> str:
    """Return the SHA-256 (hex) of a list's values; of its reasons' sentences nothing, for policy says how many."""
    return table_digest(ranked.drop_columns(["reasons"]))


def parquet_bytes(table: pa.Table) -> bytes:
    """Write a table as Parquet bytes."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def csv_bytes(table: pa.Table) -> bytes:
    """Write a table as CSV bytes; text that a spreadsheet would run as a formula is quoted with an apostrophe."""
    sink = io.BytesIO()
    pacsv.write_csv(_harmless(table), sink)
    return sink.getvalue()


def _check_columns(leads: pa.Table, contract: Contract, package: Package) -> None:
    absent = [field.name for field in contract.schema if field not in list(leads.schema)]
    if set(absent) - set(contract.known_later):
        raise InvalidInput(
            f"version {package.version} was trained under another contract and needs {', '.join(absent)} as it was "
            "then; retrain, so that a model of today's contract takes its place"
        )


def _harmless(table: pa.Table) -> pa.Table:
    for position, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            values = [f"'{v}" if v and v[0] in "=+-@\t\r" else v for v in table[field.name].to_pylist()]
            table = table.set_column(position, field.name, pa.array(values, pa.string()))
    return table


def _rows(leads: pa.Table, reasons: list[list[Reason]]) -> list[dict[str, object]]:
    used = sorted({reason.feature for found in reasons for reason in found} & set(leads.column_names))
    return leads.select(used).to_pylist() if used else [{} for _ in range(leads.num_rows)]


def _sentence(row: dict[str, object], reasons: list[Reason], features: set[str]) -> str:
    parts = []
    for reason in reasons:
        sign = "raises" if reason.contribution > 0 else "lowers"
        value = f" = {_shown(row.get(reason.feature))}" if reason.feature in features else ""
        parts.append(f"{reason.feature}{value} {sign} the score by {abs(reason.contribution):.2f}")
    return "; ".join(parts)


def _shown(value: object) -> str:
    if value is None:
        return _MISSING
    return f"{value:,.4g}" if isinstance(value, float) else f"{value}"
