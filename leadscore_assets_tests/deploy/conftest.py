"""The emulated account, for what is deployed into it."""

from leadscore_assets_tests.aws.conftest import account, emulator

__all__ = ["account", "emulator"]
