"""A place where transform jobs run in the emulator: a role and an image."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Site:
    role: str = "arn:aws:iam::123456789012:role/leadscore"
    image: str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/leadscore-serving:1"
    kms_key: str | None = None
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
