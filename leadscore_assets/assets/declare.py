"""How assets and checks of this product are declared: one calendar, one owner, errors told apart, kinds and groups.

A declaration is a function from the weekly calendar to a definition, so that a home's start week is known only when
definitions are built.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import dagster as dg

from leadscore_assets.domain.calendar import parse_week
from leadscore_assets.domain.errors import PermanentError, TransientError

# Partition mappings and partitioned checks are beta and preview interfaces of Dagster; the pinned version is tested.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

OWNER = "team:lead-scoring"
# Pools of steps that must not run at once; dagster.yaml gives each one place. Whoever moves the endpoint also holds the
# lake's lock, and going back waits for no pool.
TRAINING_POOL, RELEASE_POOL = "training", "release"
Weekly = dg.WeeklyPartitionsDefinition
Declaration = Callable[[Weekly], Any]


def weekly_asset(**attributes: Any) -> Callable[[Callable[..., Any]], Declaration]:
    """Declare an asset with one partition a week."""
    return lambda body: lambda weekly: dg.asset(partitions_def=weekly, owners=[OWNER], **attributes)(body)


def weekly_multi_asset(**attributes: Any) -> Callable[[Callable[..., Any]], Declaration]:
    """Declare several assets that one step makes, with one partition a week."""
    return lambda body: lambda weekly: dg.multi_asset(partitions_def=weekly, **attributes)(body)


def weekly_check(**attributes: Any) -> Callable[[Callable[..., Any]], Declaration]:
    """Declare a check of one week of an asset (partitioned checks are a preview of Dagster's)."""
    return lambda body: lambda weekly: dg.asset_check(partitions_def=weekly, **attributes)(body)


def week_in(context: Any) -> date:
    """Return the week that a run is about."""
    return parse_week(context.partition_key)


@contextmanager
def told_apart() -> Iterator[None]:
    """Turn the product's errors into Dagster's: no retry for a permanent one, up to three for a transient one."""
    try:
        yield
    except PermanentError as error:
        raise dg.Failure(description=f"{error}", allow_retries=False) from error
    except TransientError as error:
        raise dg.RetryRequested(max_retries=3, seconds_to_wait=10) from error
