"""What the platform rents: machines for training, serving and batch scoring, and the bounds of what they may cost.

On one machine only `training_hosts` counts; all else is SageMaker's. A name of an instance is checked against the
service's own list where the service is reached.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from leadscore_assets.domain.contract import Frozen

_INSTANCE = r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"


class ResourcesPolicy(Frozen):
    """Machines and bounds of training jobs, endpoint and transform jobs."""

    training_instance: str = Field(default="ml.c5.2xlarge", pattern=_INSTANCE)
    training_hosts: int = Field(default=1, ge=1, le=20, description="more than one trains one model over all of them")
    training_volume_gb: int = Field(default=30, ge=1, le=16_384)
    spot: bool = Field(default=False, description="cheaper machines that may be taken away; the job goes on elsewhere")
    spot_wait_minutes: int = Field(default=60, ge=1, le=10_080, description="for spot machines, on top of the training")
    training_retries: int = Field(default=2, ge=0, le=30, description="of a job that failed by the service's own fault")
    isolated: bool = Field(default=True, description="jobs and endpoint reach no network")
    endpoint_instance: str = Field(default="ml.c5.large", pattern=_INSTANCE)
    endpoint_instances: int = Field(default=2, ge=1, le=100)
    most_instances: int = Field(default=2, ge=1, le=100, description="more than endpoint_instances scales by load")
    invocations_per_instance: int = Field(default=6_000, ge=1, description="a minute, that scaling aims at")
    cutover: Literal["canary", "linear", "all_at_once"] = Field(
        default="canary", description="how traffic moves to a new fleet; the first two need two instances"
    )
    cutover_percent: int = Field(default=25, ge=5, le=50, description="of the fleet that takes traffic first")
    bake_seconds: int = Field(default=600, ge=0, le=3600, description="between two moves of traffic, alarms watching")
    batch_scoring: Literal["run", "transform"] = Field(
        default="run", description="a week's list is scored in the run, or by a transform job"
    )
    transform_instance: str = Field(default="ml.c5.xlarge", pattern=_INSTANCE)

    @model_validator(mode="after")
    def _scales_upwards(self) -> Self:
        if self.most_instances < self.endpoint_instances:
            raise ValueError(
                f"most_instances = {self.most_instances} is below endpoint_instances = {self.endpoint_instances}; "
                "raise the first"
            )
        if self.cutover != "all_at_once" and self.endpoint_instances < 2:
            raise ValueError(f"cutover = {self.cutover} needs endpoint_instances = 2 or more, or set 'all_at_once'")
        return self
