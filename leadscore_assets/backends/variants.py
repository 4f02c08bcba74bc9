"""What every endpoint refuses to serve."""

from collections.abc import Sequence

from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import Variant


def check_variants(variants: Sequence[Variant], shadow: Variant | None) -> None:
    """Raise InvalidInput for no variant, a name that stands twice, or weights that deal nothing."""
    names = [variant.name for variant in (*variants, *([shadow] if shadow else []))]
    if not variants:
        raise InvalidInput("no variant to deploy; name at least one")
    if len(set(names)) < len(names):
        raise InvalidInput(f"variant names stand twice: {', '.join(sorted(names))}; give each its own")
    heavy = [variant for variant in variants if variant.weight > 0]
    if not heavy or any(variant.weight < 0 for variant in variants):
        raise InvalidInput("variant weights must be 0 or more, and one of them above 0")
