"""Opening a stored bundle to answer given rows, and the answers in the form that judging takes."""

import pyarrow as pa

from leadscore_assets.domain.errors import Missing
from leadscore_assets.domain.evaluation import Answers
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.steps.platform import Platform


def scorer_for(platform: Platform, digest: str, table: pa.Table) -> Scorer:
    """Open a bundle that can answer these rows.

    Raises Missing when it is gone or needs columns that the rows do not have, CorruptArtefact when it is broken.
    """
    scorer = Scorer.open(platform.bundles.path(digest), digest=digest)
    fields = list(table.schema)
    absent = [item.name for item in scorer.contract.features if pa.field(item.name, item.arrow_type) not in fields]
    if absent:
        raise Missing(
            f"bundle {digest[:12]} needs columns that the contract no longer has ({', '.join(absent)}); retrain"
        )
    return scorer


def answers(scorer: Scorer, table: pa.Table) -> Answers:
    """Score rows as the endpoint would."""
    scored = scorer.score_table(table)
    return Answers(scored.score, scored.probability)
