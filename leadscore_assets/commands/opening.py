"""How a command opens a home: settings, platform and Dagster instance, with a clear word when there is no home."""

from datetime import date
from typing import Any

import click

from leadscore_assets.domain.calendar import parse_week
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.settings import Settings, load_settings


def open_home(ctx: click.Context) -> Settings:
    """Read the settings of the home that the command was given; raise InvalidInput when it was never initialised."""
    settings = load_settings(ctx.obj)
    if not settings.exists:
        raise InvalidInput(f"{settings.home} is no home yet; run 'leadscore --home {settings.home} init' first")
    return settings


class Week(click.ParamType):
    """A week's key: the ISO date of a Monday."""

    name = "monday"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the key, or fail with what is wrong with it."""
        if isinstance(value, date):
            return value
        try:
            return parse_week(value)
        except InvalidInput as error:
            self.fail(f"{error}", param, ctx)


WEEK_TYPE = Week()
