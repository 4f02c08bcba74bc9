"""The scoring server as a SageMaker container: `serve` a bundle in /opt/ml/model on port 8080, to the platform alone.

What is served comes from the model's environment (VARIABLES) and never changes while the container lives; traffic,
shadow, capture and rollback are the platform's. Nothing is kept but a private folder that goes with the process.
"""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import InvalidInput, PermanentError
from leadscore_assets.jobs.container import Container
from leadscore_assets.serving.desired import Desired, Placed
from leadscore_assets.serving.folder import StateFolder
from leadscore_assets.serving.launching import log_to_stderr
from leadscore_assets.serving.porch import Porch
from leadscore_assets.serving.process import FAILED, bound
from leadscore_assets.serving.reports import Reports
from leadscore_assets.serving.supervisor import Supervisor

VARIANT, VERSION, REASONS = "LEADSCORE_VARIANT", "LEADSCORE_VERSION", "LEADSCORE_REASONS"
WORKERS, HOST, PORT = "LEADSCORE_WORKERS", "LEADSCORE_HOST", "LEADSCORE_PORT"
PLATFORM_PORT = "SAGEMAKER_BIND_TO_PORT"
VARIABLES = (VARIANT, VERSION, REASONS, WORKERS, HOST, PORT, PLATFORM_PORT)
DEFAULT_VARIANT = "primary"
# A container has a network of its own, and the platform comes from outside of it.
_EVERYWHERE = "0.0.0.0"  # noqa: S104
_PORT = 8080
_MOST_WORKERS = 64
_MOST_REASONS = 50
log = logging.getLogger("leadscore_assets.serving.container")


@dataclass(frozen=True)
class ContainerOptions:
    """How a container is started; `reasons` is None for an endpoint's, which gives none."""

    model: Path
    version: int
    variant: str = DEFAULT_VARIANT
    host: str = _EVERYWHERE
    port: int = _PORT
    workers: int = 1
    reasons: int | None = None

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> "ContainerOptions":
        """Read the container's environment; raise InvalidInput naming the variable, its value and the remedy."""
        version = _number(variables, VERSION, 1, 1 << 31)
        if version is None:
            raise InvalidInput(f"{VERSION} is not set; give the model's environment the package's version")
        return cls(
            model=Container.of(variables).model,
            version=version,
            variant=variables.get(VARIANT) or DEFAULT_VARIANT,
            host=variables.get(HOST) or _EVERYWHERE,
            port=_number(variables, PORT, 1, 65_535) or _number(variables, PLATFORM_PORT, 1, 65_535) or _PORT,
            workers=_number(variables, WORKERS, 1, _MOST_WORKERS) or min(_processors(), _MOST_WORKERS),
            reasons=_number(variables, REASONS, 0, _MOST_REASONS),
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM and return 0; 1 for a bundle or an environment that cannot be served, told in the log."""
    parser = argparse.ArgumentParser(prog="python -m leadscore_assets.serving.container", description="Serve a bundle.")
    parser.add_argument("command", choices=["serve"], help="what SageMaker starts a container with")
    parser.parse_args(arguments)
    log_to_stderr()
    try:
        return _serve(ContainerOptions.of(os.environ))
    except PermanentError as error:
        log.error("%s", error)
        return FAILED


def _serve(options: ContainerOptions) -> int:
    placed = Placed(options.variant, bundle.verify(options.model), options.version, 1.0, str(options.model))
    try:
        listener = bound(options.host, options.port)
    except OSError as error:
        log.error("port %d on %s cannot be used: %s", options.port, options.host, error.strerror)
        return FAILED
    with tempfile.TemporaryDirectory(prefix="leadscore-") as place:
        folder = StateFolder(Path(place))
        folder.prepare()
        folder.identified()
        folder.write_desired(Desired().followed_by([placed]))
        Reports(folder.reports_folder).prepare()
        log.info("%s version %d listens on port %d", options.variant, options.version, options.port)
        Porch(folder, listener).start()
        given = ["--container"] + ([] if options.reasons is None else ["--reasons", f"{options.reasons}"])
        Supervisor(folder, listener, name=options.variant, workers=options.workers, given=given).run()
    log.info("%s ended", options.variant)
    return 0


def _number(variables: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    text = variables.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise InvalidInput(f"{name} = {text!r} is no whole number from {least} to {most}; mend the model's environment")
    return int(text)


def _processors() -> int:
    """How many processors this process may run on."""
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    sys.exit(main())
