"""What is found out about an `ssa` module without changing it: where its threads differ, and what that breaks.

`forms` is what can be known of a value across threads, `flow` the shape of a function, `uniformity` the analysis that
joins the two, `convergence` the check of barriers and warp operations against it, `precision` a look at f64 arithmetic.
"""

from oxide_build.pipeline.analysis.convergence import check_convergence
from oxide_build.pipeline.analysis.precision import note_accidental_f64

__all__ = ["check_convergence", "note_accidental_f64"]
