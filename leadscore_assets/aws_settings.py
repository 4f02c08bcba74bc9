"""The [aws] section of a home's settings: which account, and where in it."""

from pydantic import Field, field_validator

from leadscore_assets.domain.contract import Frozen


class AwsSettings(Frozen):
    """The AWS account that the platform runs on; credentials come from AWS's own chain, never from here.

    `role` is what training jobs and the endpoint run as. `owner` is the account that the bucket must belong to.
    `endpoint_url` stands for all of AWS: a private endpoint (https), or an emulator on loopback.
    """

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    prefix: str = Field(default="leadscore", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.=/-]{0,127}$")
    owner: str | None = Field(default=None, pattern=r"^\d{12}$")
    role: str = Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")
    profile: str | None = None
    endpoint_url: str | None = Field(default=None, pattern=r"^(https://\S+|http://(127\.0\.0\.1|localhost)(:\d+)?)$")
    training_image: str | None = Field(default=None, description="XGBoost 3.2 of the region by default")
    serving_image: str | None = Field(default=None, description="built from deploy/serving, in the account's registry")
    kms_key: str | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    topic: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:sns:\S+$", description="where notices go")
    metrics_namespace: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._/#-]{1,255}$",
        description="where the platform's own numbers go, if anywhere",
    )
    tags: dict[str, str] = {}
    poll_seconds: float = Field(default=15.0, gt=0, le=300, description="between two looks at a job or a deployment")

    @field_validator("metrics_namespace")
    @classmethod
    def _is_a_namespace_of_ours(cls, value: str | None) -> str | None:
        if value and value.lower().startswith("aws/"):
            raise ValueError("namespaces that begin with AWS/ are AWS's own; choose another, such as leadscore")
        return value
