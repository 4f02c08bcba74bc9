"""How long what the platform writes is kept; what is live, on its way, or evidence of a release is never removed."""

from pydantic import Field

from leadscore_assets.domain.contract import Frozen


class RetentionPolicy(Frozen):
    """Bounds of what is kept, in days or counts; `leadscore clean` shows what they would remove, and removes it.

    What a kept model learnt from stays with it, and so does all that the next training may reach. Captures have bounds
    of their own in [capture].
    """

    leads_days: int = Field(default=1096, ge=30, le=36_600, description="weeks of leads, their lists and quarantine")
    reports_days: int = Field(default=1096, ge=30, le=36_600, description="pages and figures of weeks")
    versions: int = Field(default=20, ge=2, le=10_000, description="newest registered versions that keep their bundle")
    champion_days: int = Field(default=366, ge=2, le=36_600, description="since a version was last the champion")
    candidates_days: int = Field(default=366, ge=2, le=36_600, description="models that were never registered")
    evidence_days: int = Field(
        default=0, ge=0, le=36_600, description="of a release, since it; 0 keeps it for ever, as the ledger is"
    )
    training_days: int = Field(default=30, ge=1, le=36_600, description="what trainings and repairs left behind")
    runs_days: int = Field(default=180, ge=1, le=36_600, description="finished Dagster runs and their events")
    notices_days: int = Field(default=180, ge=1, le=36_600, description="notices that were delivered or given up")
    grace_hours: int = Field(default=24, ge=1, le=24 * 31, description="nothing younger goes: it may be in the making")
