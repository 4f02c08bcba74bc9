"""What a lead may hold, rule by rule, in the words that a person reads.

Validation of weeks and of requests both speak these words and use these limits, so that a lead which one of them
takes is never refused by the other.
"""

FIRST_INEXACT = 2.0**53
MISSING = "missing, but it must be known"
EMPTY = "empty text; send null where it is missing"
NOT_A_NUMBER = "not a number"
NOT_FINITE = "not a finite number"
NOT_WHOLE = "not a whole number"
TOO_LARGE = "too large for a whole number"
NOT_A_BOOLEAN = "not true or false"
NOT_TEXT = "not text"
NOT_A_MOMENT = "not an ISO-8601 date or time"
UNLISTED = "level not in the contract"
UNKNOWN = "no column of the contract"
IS_THE_LABEL = "is the label; leave it out"
IS_THE_OUTCOME = "is the outcome; leave it out"

TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1", "1.0"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "0", "0.0"})
NUMBER_PATTERN = (
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)"
)


def below(minimum: float) -> str:
    """Say that a number lies below a feature's hard limit."""
    return f"below the minimum {plain_number(minimum)}"


def above(maximum: float) -> str:
    """Say that a number lies above a feature's hard limit."""
    return f"above the maximum {plain_number(maximum)}"


def plain_number(value: float) -> str:
    """Write a limit as a person would: 2000000, not 2e+06."""
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value!r}"
