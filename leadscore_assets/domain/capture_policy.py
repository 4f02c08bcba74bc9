"""How much of the endpoint's traffic is kept, and for how long."""

from pydantic import Field

from leadscore_assets.domain.contract import Frozen


class CapturePolicy(Frozen):
    """A sample of requests and answers, as SageMaker's data capture keeps it; keys are hashed, personal columns masked.

    The oldest files go first when either bound is reached.
    """

    percent: float = Field(default=100.0, ge=0, le=100, description="share of the requests that is kept; 0 keeps none")
    keep_days: int = Field(default=30, ge=1, le=3660)
    keep_megabytes: int = Field(default=1024, ge=1)
