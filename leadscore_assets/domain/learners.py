"""The learners by the name that the policy gives them, and the reader of a bundle's model, whichever it is."""

from collections.abc import Mapping

from leadscore_assets.domain import bundle
from leadscore_assets.domain.learning import Learner
from leadscore_assets.domain.lightgbm_trees import LightGbmTrees
from leadscore_assets.domain.ridge import Ridge
from leadscore_assets.domain.xgboost_trees import BoostedTrees, Forest

LEARNERS: dict[str, type[Learner]] = {
    "xgboost": BoostedTrees,
    "linear": Ridge,
    "forest": Forest,
    "lightgbm": LightGbmTrees,
}
BOOSTED = ("xgboost", "lightgbm")
TOGETHER = ("xgboost",)
_READERS: dict[str, type[Learner]] = {kind.file: kind for kind in (BoostedTrees, Ridge, LightGbmTrees)}


def read_model(files: Mapping[str, bytes], *, threads: int) -> Learner:
    """Read a bundle's model, whose file's name tells its kind; raise ValueError when its bytes hold none."""
    name = bundle.model_file(files)
    return _READERS[name].from_bytes(files[name], threads=threads)
