"""What a failed run says to a person: the first cause, in its own words."""

import re

from dagster._utils.error import SerializableErrorInfo

_CLASS = re.compile(r"^\w+(?:\.\w+)+: ")


def first_cause(error: SerializableErrorInfo | None) -> str:
    """Return what went wrong first; the errors raised from it only say where.

    The class is left out where it is one of a library or of this product: its words say enough.
    """
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return ""
    return " ".join(_CLASS.sub("", error.message.strip()).split())
