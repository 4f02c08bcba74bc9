"""Where everything of a site runs on AWS: its folder, role, images, encryption, network and tags.

The parts of a request that say so are the same for jobs, models and endpoints, and are made here alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadscore_assets.backends.aws.instances import has_local_disk
from leadscore_assets.domain.errors import InvalidInput


@dataclass(frozen=True)
class Place:
    """One site in one account.

    `root` is its `s3://bucket/prefix` without a slash at the end, `owner` the account that the bucket must belong to.
    `role` is what jobs and endpoint run as. Without a `training_image` training takes the region's XGBoost image.
    `topic` is told of alarms.
    """

    root: str
    role: str
    serving_image: str | None = None
    training_image: str | None = None
    kms_key: str | None = None
    owner: str | None = None
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    topic: str | None = None

    @property
    def image(self) -> str:
        """The serving image; raise InvalidInput where none is set."""
        if self.serving_image is None:
            raise InvalidInput(
                "no serving image is set; build deploy/serving, push it, and name it in [aws] serving_image"
            )
        return self.serving_image

    @property
    def network(self) -> dict[str, Any]:
        """The private network as a part of a request; nothing for the service's own."""
        if not self.subnets:
            return {}
        return {"VpcConfig": {"Subnets": [*self.subnets], "SecurityGroupIds": [*self.groups]}}

    def tagged(self, more: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the tags, with those of one thing, as a part of a request."""
        tags = {**self.tags, **(more or {})}
        return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]} if tags else {}

    def key(self, name: str) -> dict[str, str]:
        """Return the key that encrypts what is written, under the name that a request has for it."""
        return {name: self.kms_key} if self.kms_key else {}

    def disk_key(self, name: str, instance: str) -> dict[str, str]:
        """Return the key of an instance's disk, under the name that a request has for it.

        A machine with disks of its own has them encrypted already, and takes no key for them.
        """
        return {} if has_local_disk(instance) else self.key(name)
