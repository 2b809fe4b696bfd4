"""Movement: who went from which segment to which, what drifted, and whether to make the segments again."""

from segmentation.movement.drift import (
    CLEAR,
    DRIFT_FORMATS,
    DRIFT_NOTES,
    SOME,
    drift_between,
    drift_in_words,
    drift_table,
)
from segmentation.movement.moves import Moves, gone_after_days, moves_between, segment_moves
from segmentation.movement.moves_shown import (
    MOVES_FORMATS,
    gone_in_words,
    moves_in_words,
    moves_matrix,
    moves_table,
)
from segmentation.movement.verdict import RefitAgreement, Verdict, refit_agreement, refit_verdict

__all__ = [
    "CLEAR",
    "DRIFT_FORMATS",
    "DRIFT_NOTES",
    "MOVES_FORMATS",
    "SOME",
    "Moves",
    "RefitAgreement",
    "Verdict",
    "drift_between",
    "drift_in_words",
    "drift_table",
    "gone_after_days",
    "gone_in_words",
    "moves_between",
    "moves_in_words",
    "moves_matrix",
    "moves_table",
    "refit_agreement",
    "refit_verdict",
    "segment_moves",
]
