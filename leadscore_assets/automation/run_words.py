"""What a failed run says to a person: the first cause, in its own words."""

import re

from dagster._utils.error import SerializableErrorInfo


def first_cause(error: SerializableErrorInfo | None) -> str:
    """Return what went wrong first, without the name of its class; the errors raised from it only say where."""
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return ""
    return " ".join(re.sub(rf"^[\w.]*\b{re.escape(error.cls_name or '')}: ", "", error.message.strip()).split())
