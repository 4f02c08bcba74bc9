"""Past weeks: what earlier evaluations compared, and the newest of those pairs compared again on this week's rows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.calendar import DAY, WEEK, at_midnight, weeks_between
from leadscore_assets.domain.comparison import compare_by
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Missing
from leadscore_assets.domain.evaluation import Evaluation, JudgedRows, judged_model
from leadscore_assets.domain.influence import Judged
from leadscore_assets.domain.labelled import Labelled
from leadscore_assets.domain.posterior import PastGain
from leadscore_assets.steps.answering import answers, scorer_for
from leadscore_assets.steps.platform import Platform


def past_evaluations(platform: Platform, week: date) -> list[Evaluation]:
    """Return the evaluations of the weeks before, oldest first, as many weeks as the policy remembers.

    Of a week that was compared, it is the first comparison: what is judged later does not hang on who judged again.
    """
    first = max(platform.start_week, week - WEEK * platform.policy.promotion.history_weeks)
    weeks = weeks_between(first, week - WEEK) if first < week else []
    stored = [platform.lake.read_json(_first_path(item)) or platform.lake.read_json(_path(item)) for item in weeks]
    return [found for content in stored if content and (found := _read(content["evaluation"])) is not None]


def remember_first(platform: Platform, evaluation: Evaluation) -> None:
    """Keep a week's first comparison for the history of later weeks; a pair that answers alike tells nothing."""
    path, found = _first_path(evaluation.subject.week), evaluation.past_gain
    if found is not None and found.standard_error > 0 and platform.lake.read_json(path) is None:
        platform.lake.write_json(path, {"evaluation": evaluation.to_json()})


def newest_evaluation(platform: Platform) -> Evaluation | None:
    """Return the evaluation of the newest week that has one."""
    held = platform.lake.manifests(platform.start_week, platform.last_finished_week())
    stored = (platform.lake.read_json(_path(item.week)) for item in reversed(held))
    return next((found for content in stored if content and (found := _read(content["evaluation"]))), None)


def repeated_gain(platform: Platform, past: Sequence[Evaluation], part: Labelled) -> PastGain | None:
    """Compare the newest compared pair of models again, on the rows of days after those it was judged on.

    None where no pair was compared, a bundle is gone, or too few rows are newer.
    """
    last = next((item for item in reversed(past) if item.past_gain is not None), None)
    if last is None or last.past_gain is None or last.subject.champion_digest is None:
        return None
    rows = _later(part, platform.contract.created_at, last.days[-1])
    if len(rows.labels) < platform.policy.promotion.minimum_rows:
        return None
    try:
        models = [
            _answered(platform, digest, rows, last)
            for digest in (last.subject.candidate_digest, last.subject.champion_digest)
        ]
        found = compare_by(last.past_gain.metric, *models, confidence=platform.policy.promotion.confidence)
    except (CorruptArtefact, Missing, InvalidInput):
        return None
    return replace(last.past_gain, repeated=found.gain[0], repeated_error=found.standard_error)


def _answered(platform: Platform, digest: str, part: Labelled, last: Evaluation) -> Judged:
    given = answers(scorer_for(platform, digest, part.table), part.table)
    outcome = np.nan_to_num(part.outcomes, nan=0.0) if platform.contract.outcome else None
    rows = JudgedRows(part.labels, [], outcome)
    return judged_model(given, rows, last.subject, platform.policy.promotion)


def _later(part: Labelled, created_at: str, day: date) -> Labelled:
    later = pc.greater_equal(part.table[created_at], pa.scalar(at_midnight(day + DAY))).to_numpy()
    return Labelled(part.table.filter(pa.array(later)), part.labels[later], part.outcomes[later])


def _first_path(week: date) -> str:
    return f"reports/week={week}/first_comparison.json"


def _path(week: date) -> str:
    return f"reports/week={week}/evaluation.json"


def _read(content: dict[str, object]) -> Evaluation | None:
    try:
        return Evaluation.from_json(content)
    except (KeyError, TypeError):
        return None
