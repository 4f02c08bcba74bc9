"""An AWS account in one region: every call that the product makes goes through `Account.call`, and fails in our words.

Clients are made once a service, try again by themselves (adaptive, with jitter) and wait for nothing for ever. Secrets
come from boto3's own chain alone: settings name a profile at most.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leadscore_assets.backends.aws.errors import translated
from leadscore_assets.domain.errors import InvalidInput

if TYPE_CHECKING:
    import boto3
    from botocore.credentials import ReadOnlyCredentials
    from pyarrow.fs import S3FileSystem

_ATTEMPTS = 6
_CONNECT_SECONDS = 5
_READ_SECONDS = 70
_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn")


def default_region() -> str:
    """Return the region of AWS's own chain (a profile, AWS_DEFAULT_REGION); raise InvalidInput with the remedy."""
    region = _boto3().Session().region_name
    if not region:
        raise InvalidInput("no AWS region is known; name it with --region, or set region in [source] of leadscore.toml")
    return str(region)


def _boto3() -> Any:
    try:
        import boto3
    except ModuleNotFoundError:
        raise InvalidInput("AWS needs boto3; run 'pip install leadscore-assets[aws]'") from None
    return boto3


@dataclass
class Account:
    """One account and region. `endpoint_url` stands for all of AWS (an emulator, a private endpoint).

    `session` is made from `profile` when none is given; a given one is used as it is.
    """

    region: str
    endpoint_url: str | None = None
    profile: str | None = None
    attempts: int = _ATTEMPTS
    session: "boto3.Session | None" = None
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def call(self, service: str, operation: str, /, **request: Any) -> dict[str, Any]:
        """Make one call, named as boto3 does (`"sagemaker", "create_model"`), and return its answer.

        Raises AwsUnavailable when trying again may help, AwsRefused when it cannot; both carry AWS's own `code`.
        """
        with self.errors(service, operation):
            answer: dict[str, Any] = getattr(self.client(service), operation)(**request)
        return answer

    def pages(self, service: str, operation: str, key: str, /, **request: Any) -> Iterator[Any]:
        """Yield the items below a key of every page of a list."""
        with self.errors(service, operation):
            paginator = self.client(service).get_paginator(operation)
            for page in paginator.paginate(**request):
                yield from page.get(key, ())

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service, made when first asked for."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    def filesystem(self) -> "S3FileSystem":
        """Return Arrow's own S3 file system with this account's credentials."""
        from pyarrow.fs import S3FileSystem

        frozen = self.credentials()
        scheme, _, host = (self.s3_endpoint() or "").rpartition("://")
        return S3FileSystem(
            region=self.region,
            access_key=frozen.access_key if frozen else None,
            secret_key=frozen.secret_key if frozen else None,
            session_token=frozen.token if frozen else None,
            endpoint_override=host or None,
            scheme="http" if scheme == "http" else "https",
        )

    def credentials(self) -> "ReadOnlyCredentials | None":
        """Return the credentials of this moment, for a library that signs its own requests; never to be kept."""
        with self.errors("sts", "credentials"):
            found = self._opened().get_credentials()
            return found.get_frozen_credentials() if found else None

    def s3_endpoint(self) -> str | None:
        """Return where S3 is reached when that is not AWS's own address: as given, or as boto3's own chain has it."""
        found = str(self.client("s3").meta.endpoint_url)
        return None if found.endswith(_AWS_HOSTS) else found

    def account_id(self) -> str:
        """Return the number of the account that the credentials belong to."""
        return str(self.call("sts", "get_caller_identity")["Account"])

    @contextmanager
    def errors(self, service: str, operation: str) -> Iterator[None]:
        """Raise what botocore raises as the product's own errors."""
        _boto3()
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise translated(error, service=service, operation=operation, region=self.region) from error

    def _made(self, service: str) -> Any:
        with self.errors(service, "open"):
            from botocore.config import Config

            rules = Config(
                retries={"mode": "adaptive", "total_max_attempts": self.attempts},
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                user_agent_extra="leadscore-assets",
            )
            return self._opened().client(service, region_name=self.region, endpoint_url=self.endpoint_url, config=rules)

    def _opened(self) -> "boto3.Session":
        if self.session is None:
            with self.errors("sts", "open"):
                self.session = _boto3().Session(profile_name=self.profile, region_name=self.region)
        return self.session
