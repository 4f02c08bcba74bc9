"""Every action that a ledger's record can name, with what it says: the one vocabulary of whoever records and reads."""

from collections.abc import Mapping
from types import MappingProxyType

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "ingested": "a week's leads came into the lake for the first time, or came again unchanged",
        "reopened": "late or corrected leads gave a stored week new content",
        "gate failed": "a check stopped a week or a model, and nothing that needs it went on",
        "watched": "a week's leads were compared with those that the champion learnt from",
        "asked": "whether to retrain was asked and answered, with no as with yes, and the reason",
        "trained": "a bundle was trained, on which rows and under which policy",
        "judged": "a candidate was compared with the champion on rows newer than both",
        "replayed": "past weeks were decided again under other policies; nothing was released",
        "not packaged": "a candidate was not registered, with the verdict that says why",
        "registered": "a bundle became a numbered version",
        "refused": "a version was not released because its evidence does not hold now",
        "decided": "a person approved or refused a version in the registry",
        "queued": "a version waits for its turn or for a person",
        "invited": "somebody was given a link by which to approve a version or decline it",
        "approval": "a person approved a version, declined it, or took an approval back, in a role",
        "approval refused": "a person's approval did not count, with the reason",
        "announced": "administrators were told when a version sets off, and their notice period began",
        "approved": "a version may set off, by whom",
        "rejected": "a version's way ended before it answered leads",
        "shadowed": "a version gets copies of requests and answers none",
        "shifted": "a version's share of leads changed",
        "promoted": "a version answers all leads: it is the champion",
        "stayed": "the close watch of a version that answers all leads is over",
        "retired": "a version gave its place to another one",
        "rolled back": "a version was taken back while it answered leads",
        "alarmed": "a guard saw something that a person should look at",
        "repaired": "the endpoint did not serve what it should, or a run lost its process; it was put right",
        "scored": "a week's leads were ranked, by which version and with which result",
        "realised": "a week's outcomes are known, and how the models that scored it did",
        "accompanied": "the champion was looked at, daily and then weekly, after its close watch",
        "reported": "a week's page was made",
        "notified": "people were told of something",
        "cleaned": "files that nothing needs any more were removed",
        "backed up": "the home was copied, up to which record",
        "restored": "the home was made again from a backup",
    }
)
