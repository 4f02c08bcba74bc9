"""The words of a failed run."""

import pytest
from dagster._utils.error import serializable_error_info_from_exc_info

from leadscore_assets.automation.run_words import first_cause
from leadscore_assets.domain.errors import InvalidInput


def raised(first: Exception):
    try:
        try:
            raise first
        except Exception as error:
            raise RuntimeError("while a step was at work") from error
    except RuntimeError as error:
        return serializable_error_info_from_exc_info((type(error), error, error.__traceback__))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InvalidInput("week 2026-01-05 is not over"), "week 2026-01-05 is not over"),
        (ValueError("no such\n  column"), "ValueError: no such column"),
        (KeyError("lead_id"), "KeyError: 'lead_id'"),
    ],
)
def test_the_first_cause_is_told_in_its_own_words(error: Exception, said: str) -> None:
    assert first_cause(raised(error)) == said


def test_nothing_is_said_of_no_error() -> None:
    assert first_cause(None) == ""
