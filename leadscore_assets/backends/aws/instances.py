"""Names of SageMaker's machines, checked against the lists in AWS's own published service model."""

import re
from difflib import get_close_matches
from functools import cache
from typing import Literal

from leadscore_assets.domain.errors import InvalidInput

Use = Literal["training", "endpoint", "transform"]
_SHAPES: dict[Use, str] = {
    "training": "TrainingInstanceType",
    "endpoint": "ProductionVariantInstanceType",
    "transform": "TransformInstanceType",
}
_LOCAL_DISK = re.compile(r"ml\.([a-z]+\d+[a-z]*d[a-z]*|g[4-9][a-z]*|p[4-9][a-z]*|p6[a-z]*-[a-z0-9]+|trn\d[a-z]*)\..+")


@cache
def known_instances(use: Use) -> tuple[str, ...]:
    """Return the names of the machines that AWS lists for a use; which of them a region has, it does not say."""
    import botocore.session

    model = botocore.session.get_session().get_service_model("sagemaker")
    return tuple(model.shape_for(_SHAPES[use]).enum)


def checked_instance(name: str, *, use: Use) -> str:
    """Return a machine's name if AWS lists it for this use; raise InvalidInput with the names that come near."""
    known = known_instances(use)
    if name in known:
        return name
    near = get_close_matches(name, known, n=4, cutoff=0.5)
    elsewhere = [other for other in _SHAPES if other != use and name in known_instances(other)]
    told = f" (it is one for {' and '.join(elsewhere)})" if elsewhere else ""
    raise InvalidInput(
        f"{use}_instance = {name} is no instance that SageMaker lists for {use}{told}; "
        f"choose another in [resources] of policy.toml, such as {', '.join(near) or known[0]}"
    )


def has_local_disk(name: str) -> bool:
    """Tell whether a machine brings its own encrypted disk, for which AWS takes no volume key."""
    return _LOCAL_DISK.fullmatch(name) is not None
