"""What the product asks of the outside world: one small role each, named without saying where it is played."""

from leadscore_assets.backends.ports.models import BundleStore, ModelRegistry, Trainer, TrainingJob, TrainingResult
from leadscore_assets.backends.ports.records import Channel, Ledger, MetricPublisher, Notifier, Outbox
from leadscore_assets.backends.ports.serving import BatchScorer, Captures, EndpointHost
from leadscore_assets.backends.ports.storage import FileStore, Lake, LeadSource, RawWeek

__all__ = [
    "BatchScorer",
    "BundleStore",
    "Captures",
    "Channel",
    "EndpointHost",
    "FileStore",
    "Lake",
    "LeadSource",
    "Ledger",
    "MetricPublisher",
    "ModelRegistry",
    "Notifier",
    "Outbox",
    "RawWeek",
    "Trainer",
    "TrainingJob",
    "TrainingResult",
]
