"""A gate's answer for a week, and what any gate about a week of leads is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.facts import Record, WeekManifest
from leadscore_assets.domain.policy import Severity
from leadscore_assets.steps.platform import Platform


@dataclass(frozen=True)
class Gate(Record):
    """One gate's answer for a week: `subject` is the digest of what was judged, `reasons` are sentences.

    A failed gate of severity `error` stops what follows and is no evidence for a release; one of `warn` informs.
    """

    name: str
    week: date
    subject: str
    passed: bool
    reasons: tuple[str, ...]
    severity: Severity = "error"

    @property
    def stops(self) -> bool:
        """Whether nothing may follow."""
        return not self.passed and self.severity == "error"


def about_leads(platform: Platform, name: str, manifest: WeekManifest, reasons: Sequence[str], *, passed: bool) -> Gate:
    """Answer a gate about a stored week of leads, as severe as the policy says."""
    subject, severity = leads_subject(manifest), platform.policy.checks.severity(name)
    return Gate(name, manifest.week, subject, passed, tuple(reasons), severity)


def leads_subject(manifest: WeekManifest) -> str:
    """Return the digest of what a gate about a week of leads judges."""
    return digest_of([manifest.digest, manifest.contract, manifest.quarantined])
