"""What the end of a training job means: a model, a failure that a retry may mend, or one that it cannot."""

import re
from collections.abc import Mapping
from typing import Any

from leadscore_assets.backends.aws.prices import Prices
from leadscore_assets.backends.ports import TrainingResult
from leadscore_assets.domain.errors import LeadscoreError, PermanentError, TransientError

OVER = frozenset({"Completed", "Failed", "Stopped"})
_PASSING = re.compile(r"CapacityError|InsufficientCapacity|InsufficientInstanceCapacity|InternalServerError", re.I)
_LOST = re.compile(r"lost the others while they fitted together|was not there to be joined", re.I)


def problem(described: Mapping[str, Any]) -> LeadscoreError | None:
    """Return why an ended job left no model, None where it left one; `Stopped` is never success."""
    name, status = described["TrainingJobName"], described["TrainingJobStatus"]
    if status == "Completed":
        return None
    reason = described.get("FailureReason") or "no reason was given"
    if status == "Failed":
        if _PASSING.search(reason) or _LOST.search(reason):
            return TransientError(
                f"training job {name} got no machine or lost one: {reason}; try again later, or choose another "
                "training_instance or turn spot off in [resources] of policy.toml"
            )
        return PermanentError(f"training job {name} failed: {reason}")
    return _stopped(name, str(described.get("SecondaryStatus", "")))


def result(described: Mapping[str, Any], digest: str, *, prices: Prices, region: str, reused: bool) -> TrainingResult:
    """Return a finished job's result with what it took and what that is estimated to cost."""
    machines = described["ResourceConfig"]
    instance, hosts = str(machines["InstanceType"]), int(machines["InstanceCount"])
    seconds = float(described.get("TrainingTimeInSeconds", 0))
    billable = described.get("BillableTimeInSeconds")
    price = prices.hourly(instance, region)
    cost = None if billable is None else prices.cost(instance, region, seconds=float(billable), hosts=hosts)
    facts: dict[str, str | float] = {
        "job_arn": str(described["TrainingJobArn"]),
        "image": str(described["AlgorithmSpecification"]["TrainingImage"]),
        "instance": instance,
        "hosts": hosts,
        "training_seconds": seconds,
        "billable_seconds": "unknown" if billable is None else float(billable),
        "price_per_hour": f"no price of {instance} in {region} is known" if price is None else price,
        "price_as_of": f"{prices.as_of}, an estimate",
    }
    if described.get("EnableManagedSpotTraining") and seconds and billable is not None:
        facts["spot_saving_percent"] = round(100 * (1 - float(billable) / seconds), 1)
    facts |= {f"metric_{item['MetricName']}": float(item["Value"]) for item in described.get("FinalMetricDataList", [])}
    return TrainingResult(digest, seconds, reused=reused, cost=cost, facts=facts)


def _stopped(name: str, state: str) -> LeadscoreError:
    if state == "MaxWaitTimeExceeded":
        return TransientError(
            f"training job {name} got no spot machine for long enough; try again later, or raise spot_wait_minutes or "
            "turn spot off in [resources] of policy.toml"
        )
    if state == "MaxRuntimeExceeded":
        return PermanentError(
            f"training job {name} ran into its bound and was stopped; raise maximum_minutes in [training] of "
            "policy.toml, or choose a larger training_instance in [resources]"
        )
    return PermanentError(f"training job {name} was stopped by somebody; run it again to train in a new attempt")
