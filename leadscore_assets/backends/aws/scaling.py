"""Instances by load: each production variant aims at a number of invocations per instance and minute.

AWS refuses to drop a variant, or to change its machines, while it is registered here, so it is let go first.
"""

from collections.abc import Mapping
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.domain.resources_policy import ResourcesPolicy

_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_SPACE = "sagemaker"


class Scaling:
    """The scalable variants of one endpoint; every call may be repeated."""

    def __init__(self, account: Account, endpoint: str, resources: ResourcesPolicy) -> None:
        self._account = account
        self._endpoint = endpoint
        self._resources = resources

    @property
    def on(self) -> bool:
        """Whether load decides on the number of instances."""
        return self._resources.most_instances > self._resources.endpoint_instances

    def keep_only(self, now: Mapping[str, str], then: Mapping[str, str]) -> None:
        """Let go of every variant (name to instance type) that is not there afterwards, or on other machines."""
        for name in self._registered(now):
            if not self.on or then.get(name) != now[name]:
                self._account.call("application-autoscaling", "deregister_scalable_target", **_target(self._name(name)))

    def follow(self, variants: Mapping[str, str]) -> None:
        """Let load decide on each of these variants, where it shall."""
        for name in variants if self.on else ():
            target, policy = scaling_requests(self._name(name), self._resources)
            self._account.call("application-autoscaling", "register_scalable_target", **target)
            self._account.call("application-autoscaling", "put_scaling_policy", **policy)

    def _registered(self, variants: Mapping[str, str]) -> list[str]:
        names = {self._name(name): name for name in variants}
        if not names:
            return []
        found = self._account.call(
            "application-autoscaling",
            "describe_scalable_targets",
            ServiceNamespace=_SPACE,
            ResourceIds=[*names],
            ScalableDimension=_DIMENSION,
        )
        return [names[item["ResourceId"]] for item in found["ScalableTargets"]]

    def _name(self, variant: str) -> str:
        return f"endpoint/{self._endpoint}/variant/{variant}"


def scaling_requests(resource: str, rules: ResourcesPolicy) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the requests (of a target, and of its policy) that let load decide on a variant's instances."""
    target = _target(resource)
    aim = {
        "TargetValue": float(rules.invocations_per_instance),
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
    policy = {
        "PolicyName": f"{resource.replace('/', '-')}-load",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": aim,
    }
    bounds = {"MinCapacity": rules.endpoint_instances, "MaxCapacity": rules.most_instances}
    return target | bounds, target | policy


def _target(resource: str) -> dict[str, Any]:
    return {"ServiceNamespace": _SPACE, "ResourceId": resource, "ScalableDimension": _DIMENSION}
