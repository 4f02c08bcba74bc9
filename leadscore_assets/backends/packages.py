"""What every model registry keeps to: the stages there are, what a bundle's digest is, and documents as JSON."""

import re
from typing import Any

from leadscore_assets.domain.digests import canonical_json
from leadscore_assets.domain.errors import InvalidInput

PRODUCTION = "production"
STAGES = ("candidate", "staging", "shadow", "canary", "archive")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    """Tell whether a text is a bundle's digest: 64 hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


def check_digest(text: str) -> None:
    """Raise InvalidInput for what is no bundle's digest."""
    if not is_digest(text):
        raise InvalidInput(f"{text!r} is no bundle digest; give all 64 hexadecimal digits")


def check_stage(stage: str) -> None:
    """Raise InvalidInput for what is no stage that a version may be marked with."""
    if stage not in STAGES:
        raise InvalidInput(f"{stage!r} is no stage; choose one of {', '.join(STAGES)}, or promote the version")


def written(name: str, content: dict[str, Any]) -> str:
    """Return a package's document as canonical JSON; raise InvalidInput for metrics or lineage that are not JSON."""
    try:
        return canonical_json(content)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"the package's {name} are not JSON ({error}); leave out what is not finite") from None
