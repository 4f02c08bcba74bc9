"""`leadscore score`: a ranked list from any file of leads."""

import sys
from pathlib import Path
from typing import Any

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import check_folder, json_option, say, say_json, say_table, write_file
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.domain.validation import Validated
from leadscore_assets.resources import open_platform, open_sample
from leadscore_assets.steps.listing import champion, csv_bytes, parquet_bytes, rank
from leadscore_assets.steps.reading import check_leads

_SHOWN = 10


@click.command("score")
@click.argument("file")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the whole list here, as .csv or .parquet."
)
@click.option("--top", type=click.IntRange(1), default=_SHOWN, show_default=True, help="How many to print.")
@json_option
@click.pass_context
def command(ctx: click.Context, file: str, output: Path | None, top: int, *, as_json: bool) -> None:
    """Score and rank the leads of FILE with the champion, with a band and reasons.

    FILE is a Parquet or CSV file, a folder, a pattern, an S3 URI or a Delta table, as in 'leadscore init --data'.

    Rows that break the contract are not scored: they are counted, written beside the output with their reasons, and the
    exit code is 1.

    \b
    Example:
      leadscore score new_leads.csv --output ranked.csv
    """
    check_folder(output)
    settings = open_home(ctx)
    platform = open_platform(settings)
    package = champion(platform)
    scorer = Scorer.open(platform.bundles.path(package.digest), digest=package.digest, threads=0)
    found = check_leads(open_sample(file, settings), scorer.contract, place=file, labelled=False)
    ranked = rank(found.good, scorer, package, platform)
    if output:
        write_file(output, parquet_bytes(ranked) if output.suffix == ".parquet" else csv_bytes(ranked))
    rejected = Path(f"{output or file}.rejected.csv")
    if found.bad.num_rows and output:
        write_file(rejected, csv_bytes(found.bad))
    summary = {"file": file, "version": package.version, "scored": ranked.num_rows, "rejected": found.bad.num_rows}
    shown = ranked.slice(0, top).to_pylist()
    if as_json:
        duplicates = {"duplicates": found.duplicates, "reasons_of_rejection": found.reasons}
        say_json({**summary, **duplicates, "leads": shown})
    else:
        _say_list(shown, scorer.contract.key)
        _say_counts(found, ranked.num_rows, package.version)
        if output:
            say(f"List: {output}" + (f", rejected rows: {rejected}" if found.bad.num_rows else ""))
    if found.bad.num_rows:
        sys.exit(1)


def _say_list(shown: list[dict[str, Any]], key: str) -> None:
    say_table(
        ("rank", "lead", "score", "band", "reasons"),
        [(f"{row['rank']}", row[key], f"{row['score']:.2f}", row["band"], row["reasons"]) for row in shown],
    )


def _say_counts(found: Validated, scored: int, version: int) -> None:
    say(
        f"{scored:,} leads scored by version {version}; {found.bad.num_rows:,} rejected, "
        f"{found.duplicates:,} duplicates left out."
    )
    for reason, count in sorted(found.reasons.items(), key=lambda item: -item[1])[:5]:
        say(f"  {count:,} rows: {reason}")
