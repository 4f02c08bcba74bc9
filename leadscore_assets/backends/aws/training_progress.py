"""What a running job tells: the platform's changes of state and the program's own lines, each once and in order.

Lines are a courtesy: a log that cannot be read is said once and never fails a training.
"""

from collections.abc import Callable, Mapping
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.domain.errors import LeadscoreError

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_NOT_YET = "ResourceNotFoundException"


class TrainingProgress:
    """The progress of one job, told line by line to `on_line`."""

    def __init__(self, account: Account, name: str, on_line: Callable[[str], None]) -> None:
        self._account = account
        self._name = name
        self._on_line = on_line
        self._states = 0
        self._places: dict[str, str | None] = {}
        self._readable = True

    def tell(self, described: Mapping[str, Any]) -> None:
        """Tell what is new since it was told last."""
        changes = described.get("SecondaryStatusTransitions", [])
        for change in changes[self._states :]:
            told = change.get("StatusMessage") or ""
            self._on_line(f"{self._name}: {change['Status']}{f' - {told}' if told else ''}")
        self._states = len(changes)
        if self._readable:
            self._tell_lines()

    def _tell_lines(self) -> None:
        try:
            for stream in self._streams():
                self._tell_stream(stream)
        except AwsRefused as error:
            if error.code != _NOT_YET:
                self._readable = False
                self._on_line(f"the job's log cannot be read: {error}")
        except LeadscoreError:
            # The next look reads on from the same place.
            return

    def _streams(self) -> list[str]:
        found = self._account.pages(
            "logs",
            "describe_log_streams",
            "logStreams",
            logGroupName=LOG_GROUP,
            logStreamNamePrefix=f"{self._name}/",
        )
        return sorted(item["logStreamName"] for item in found)

    def _tell_stream(self, stream: str) -> None:
        host = stream.partition("/")[2].rpartition("-")[0]
        while True:
            before = self._places.get(stream)
            request = {"nextToken": before} if before else {"startFromHead": True}
            answer = self._account.call(
                "logs", "get_log_events", logGroupName=LOG_GROUP, logStreamName=stream, **request
            )
            for event in answer["events"]:
                self._on_line(event["message"] if host == "algo-1" else f"{host}: {event['message']}")
            self._places[stream] = answer["nextForwardToken"]
            if not answer["events"] or answer["nextForwardToken"] == before:
                return
