"""Generated leads as a source: finished weeks only, each known by a digest that needs no generation."""

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from leadscore_assets.backends.ports import RawWeek
from leadscore_assets.domain import generator
from leadscore_assets.domain.calendar import WEEK, parse_week, week_of, weeks_between
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import InvalidInput, oneline
from leadscore_assets.domain.events import Event, check_events

_FILE = "generator"


class GeneratorSource:
    """Plays the LeadSource from a seed: the same seed, preset and events give the same rows for ever."""

    def __init__(
        self,
        *,
        contract: Contract,
        seed: int,
        preset: generator.Preset,
        events: Sequence[Event],
        start_week: date,
        today: Callable[[], date],
    ) -> None:
        """Open the source; raise InvalidInput where the contract, an event or the seed cannot be generated."""
        if seed < 0:
            raise InvalidInput(f"the generator's seed {seed} is negative; set [source] seed to 0 or more")
        self._generated = generator.preset_contract(preset)
        _check_same_columns(contract, self._generated, preset)
        check_events(events, self._generated)
        self._seed, self._preset, self._events = seed, preset, tuple(events)
        self._start_week, self._today = start_week, today

    @property
    def address(self) -> str:
        """The source in one line, for messages and lineage."""
        return f"generator:{self._preset}?seed={self._seed}"

    def weeks(self) -> dict[date, str]:
        """Return the finished weeks that hold rows, each with its digest, oldest first; nothing is generated."""
        weeks = weeks_between(self._start_week, week_of(self._today()) - WEEK)
        return {week: self._digest(week) for week in weeks if self._holds(week)}

    def read(self, week: date) -> RawWeek:
        """Generate a finished week's rows, none where the week holds none yet; raise InvalidInput before the first."""
        parse_week(week.isoformat())
        if week < self._start_week:
            raise InvalidInput(
                f"week {week} lies before {self._start_week}, the first week of {self.address}; "
                "name a later week or set an earlier start_week in leadscore.toml"
            )
        table = self._generated.schema.empty_table()
        if self._holds(week) and week < week_of(self._today()):
            table = generator.generate_week(week, contract=self._generated, seed=self._seed, events=self._events)
        return RawWeek(week, _with_places(table), self._digest(week))

    def _holds(self, week: date) -> bool:
        return self._preset != "small" or week < self._start_week + WEEK * generator.SMALL_WEEKS

    def _digest(self, week: date) -> str:
        relevant = [event.model_dump(mode="json") for event in self._events if event.start < week + WEEK]
        return digest_of(
            {
                "generator": generator.VERSION,
                "preset": self._preset,
                "seed": self._seed,
                "week": week.isoformat(),
                "events": relevant,
            }
        )


def _with_places(table: pa.Table) -> pa.Table:
    places = pa.array(np.arange(1, table.num_rows + 1, dtype=np.int64))
    files = pa.array([_FILE] * table.num_rows, pa.string())
    return table.append_column("__file", files).append_column("__row", places)


def _check_same_columns(contract: Contract, generated: Contract, preset: str) -> None:
    problems = []
    for role in ("key", "created_at", "label", "outcome"):
        wanted, found = getattr(generated, role), getattr(contract, role)
        if wanted != found:
            problems.append(f"its {role} is {found}, the generator's {wanted}")
    for name in generated.names:
        if name not in contract.by_name:
            problems.append(f"{name} is absent from the contract")
        elif contract.by_name[name].kind != generated.by_name[name].kind:
            problems.append(
                f"{name} is {contract.by_name[name].kind}, the generator's is {generated.by_name[name].kind}"
            )
    problems += [f"{name} is unknown to the generator" for name in contract.names if name not in generated.by_name]
    if problems:
        raise InvalidInput(
            f"contract {contract.name} does not fit generated leads ({preset}): {oneline(problems)}; restore these "
            'columns, or name the data they describe with [source] kind = "files" and path in leadscore.toml'
        )
