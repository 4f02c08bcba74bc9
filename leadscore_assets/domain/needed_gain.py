"""What would change a verdict to keep: the smallest measured gain on these rows that a promotion rule would take."""

from leadscore_assets.domain.comparison import Comparison, z_score
from leadscore_assets.domain.ladder import Condition, Rung
from leadscore_assets.domain.posterior import Posterior
from leadscore_assets.domain.promotion_policy import PromotionPolicy


def needed_gain(comparison: Comparison, posterior: Posterior, policy: PromotionPolicy) -> float | None:
    """Return the measured gain in the primary metric above which a rung would promote, other claims granted.

    None where every promoting rung hangs on claims of another kind.
    """
    found = [_of_rung(rung, comparison, posterior, policy) for rung in policy.rungs if rung.decision == "promote"]
    return min((gain for gain in found if gain is not None), default=None)


def _of_rung(rung: Rung, comparison: Comparison, posterior: Posterior, policy: PromotionPolicy) -> float | None:
    found = [_of(item, comparison, posterior, policy) for item in rung.when]
    return max((gain for gain in found if gain is not None), default=None)


def _of(condition: Condition, comparison: Comparison, posterior: Posterior, policy: PromotionPolicy) -> float | None:
    if condition.metric not in (None, policy.metric) or condition.below is not None:
        return None
    bound = policy.bounds[condition.bound] if isinstance(condition.bound, str) else float(condition.bound)
    z = z_score(policy.confidence)
    return {
        "gain": bound,
        "relative_gain": bound * abs(comparison.champion),
        "measured_lower_bound": bound + z * comparison.standard_error,
        "lower_bound": bound + (posterior.high_measured - posterior.low_measured) / 2,
        "shrunken_gain": _unshrunken(bound, posterior, z),
        "shrunken_lower_bound": _unshrunken(bound + z * posterior.standard_deviation, posterior, z),
    }.get(condition.of)


def _unshrunken(mean: float, posterior: Posterior, z: float) -> float:
    """The measured gain whose posterior mean is this one."""
    error = (posterior.high_measured - posterior.low_measured) / 2 / z
    weight = posterior.prior_sd**2 / (posterior.prior_sd**2 + error**2)
    return (mean - (1 - weight) * posterior.prior_mean) / weight
