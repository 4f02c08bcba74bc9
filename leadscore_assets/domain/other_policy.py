"""Another policy beside a home's own: a preset put on top of it, and what two policies have in common."""

from typing import Any

from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.policy import Policy, is_section, policy_from
from leadscore_assets.domain.presets import DEFAULT, preset, presets, spread

DECIDING = ("promotion", "drift", "retraining")


def with_preset(policy: Policy, name: str) -> Policy:
    """Put a preset on a policy: it replaces what it sets in every section that knows it, and all else stays.

    `default` gives the sections that decide (promotion, drift, retraining) the values of this version. Raises
    ValueError naming the presets there are.
    """
    sections = tuple(key for key, item in Policy.model_fields.items() if is_section(item.annotation))
    spread({"preset": name}, sections)
    content = policy.model_dump(mode="json")
    chosen = DECIDING if name == DEFAULT else [key for key in sections if name in presets(key)]
    changed = {key: {} if name == DEFAULT else _on_top(key, content[key], name) for key in chosen}
    return policy_from({**content, **changed, "preset": DEFAULT})


def learning_digest(policy: Policy) -> str:
    """Return a digest of all that decides which model a week's leads become: equal means the same candidates."""
    found = _values(policy)
    threshold = found["promotion"]["score_threshold"] if policy.training.objective == "binary" else None
    # Of what is rented, the number of hosts alone decides what a model becomes.
    found["resources"] = {"training_hosts": found["resources"]["training_hosts"]}
    return digest_of([{key: value for key, value in found.items() if key not in DECIDING}, threshold])


def decides_alike(first: Policy, second: Policy) -> bool:
    """Tell whether two policies hold the same values, whatever they and their presets are called."""
    return _values(first) == _values(second)


def _on_top(section: str, content: dict[str, Any], name: str) -> dict[str, Any]:
    """Take back what the section's own preset set, and set what the new one does."""
    before = preset(section, content["preset"]).values
    kept = {key: value for key, value in content.items() if key not in before}
    return {**kept, **preset(section, name).values, "preset": name}


def _values(policy: Policy) -> dict[str, Any]:
    content = policy.model_dump(mode="json", exclude={"name", "preset"})
    return {key: {name: item for name, item in value.items() if name != "preset"} for key, value in content.items()}
