"""The approval section of the policy: which roles must agree to a release, for how long, and who is told how early."""

from typing import ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator

from leadscore_assets.domain.section import Section

Role = Literal["ml_lead", "business"]
ROLES: tuple[Role, ...] = get_args(Role)


class ApprovalPolicy(Section):
    """Who must agree before a version sets off; nobody by default, unless its verdict asks a person.

    Who may hold which role stands in leadscore.toml, [approval.roles]. With `notice_hours` the administrators are told
    that long before traffic moves.
    """

    section: ClassVar[str] = "approval"

    roles: tuple[Role, ...] = ()
    expires_hours: float = Field(default=168.0, gt=0, le=24 * 180, description="then an unused approval counts no more")
    two_people: bool = Field(default=True, description="one person approves for one role at most")
    launcher_may_approve: bool = Field(default=True, description="who launched the training may approve its model")
    notice_hours: float = Field(default=0.0, ge=0, le=336, description="between the notice and the first lead")
    registry_role: Role = Field(
        default="ml_lead", description="that an approval in the registry's own pages stands for"
    )

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if len(set(self.roles)) < len(self.roles):
            raise ValueError(f"roles {', '.join(self.roles)}: a role stands twice; name each one once")
        if self.notice_hours >= self.expires_hours:
            raise ValueError(
                f"notice_hours {self.notice_hours:g} is not less than expires_hours {self.expires_hours:g}: every "
                "approval would expire before traffic moves; raise the second"
            )
        return self

    @property
    def asks(self) -> bool:
        """Whether a version that passed its gates waits for people, or for the notice to have been read."""
        return bool(self.roles or self.notice_hours)
