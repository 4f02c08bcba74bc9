"""The way from what an endpoint serves to what it shall serve: one update, or two where AWS's rules ask for it.

A blue/green update with alarms needs the same variant names before and after, and no shadow beside it. So a shadow is
dropped first; and a candidate that takes all traffic is first put under both names, watched, and then stands alone.
"""

from dataclasses import dataclass
from typing import Any

from leadscore_assets.backends.aws.requests_endpoint import Layout


@dataclass(frozen=True)
class Step:
    """The next layout on the way, and how traffic moves to it: watched by alarms, straight back, or as AWS does."""

    layout: Layout
    guarded: bool = False
    back: bool = False


def next_step(present: Layout, wanted: Layout, *, back: bool) -> Step:
    """Return the next step from a layout (or a configuration's description) to another; `back` goes there straight."""
    now, then = models_of(present), models_of(wanted)
    same_names = now.keys() == then.keys()
    bare = not (shadows_of(present) or shadows_of(wanted))
    if back:
        return Step(wanted, back=same_names and bare)
    if len(then) == 1 and (swapped := _under_both_names(present, wanted)):
        return Step(swapped, guarded=True)
    if not same_names or all(now[name] == model for name, model in then.items()):
        return Step(wanted)
    if shadows_of(present) and not shadows_of(wanted):
        return Step(_with_fleets(wanted, present))
    return Step(wanted, guarded=bare)


def models_of(content: Layout) -> dict[str, str]:
    """Return the model of each production variant by the variant's name."""
    return {item["VariantName"]: item["ModelName"] for item in content.get("ProductionVariants", ())}


def shadows_of(content: Layout) -> dict[str, str]:
    """Return the model of the shadow by its name; empty without one."""
    return {item["VariantName"]: item["ModelName"] for item in content.get("ShadowProductionVariants", ())}


def all_models(content: Layout) -> set[str]:
    """Return every model that a configuration names."""
    return {*models_of(content).values(), *shadows_of(content).values()}


def _under_both_names(present: Layout, wanted: Layout) -> Layout | None:
    """Return the layout in which a candidate that shall stand alone answers under every present name."""
    now = models_of(present)
    name, model = next(iter(models_of(wanted).items()))
    others = {found for variant, found in now.items() if variant != name}
    if shadows_of(present) or name not in now or now[name] == model or others != {model}:
        return None
    fleet = wanted["ProductionVariants"][0]
    weights = {item["VariantName"]: item["InitialVariantWeight"] for item in present["ProductionVariants"]}
    doubled = [{**fleet, "VariantName": item, "InitialVariantWeight": weight} for item, weight in weights.items()]
    return {**wanted, "ProductionVariants": doubled}


def _with_fleets(wanted: Layout, present: Layout) -> Layout:
    """Return what is wanted with the bundles that answer now."""
    now = models_of(present)
    kept: list[dict[str, Any]] = [
        {**item, "ModelName": now[item["VariantName"]]} for item in wanted["ProductionVariants"]
    ]
    return {**wanted, "ProductionVariants": kept}
