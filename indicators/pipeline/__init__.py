"""The two flows on one page; every arrow is one call.

detector ─► contribute ─► pseudonymize ─► draft ─┬─ by policy ─► publish ─┐
  (accept: sealed)   (tokens by the key-holder)  └─ a person ──► approve ─┤
                                                     approves             ▼
                                                        store + log + token index
member ─► receive ─┬─ small ─► admit ────────────────────────────────────▲
                   └─ large ─► finish_post, by a worker ─► admit ─────────┤
administrator ─► import_objects ─► admit, a batch at a time ──────────────┘

The stages of a contribution are tasks over ids. What they still have to do is in the tables, so a
task that is lost is sent again (`resume`), and one that comes twice finds nothing to do.
"""

from indicators.pipeline.contributing import (
    DRAFT,
    PSEUDONYMIZE,
    PUBLISH,
    IdempotencyConflict,
    Receipt,
    approve,
    contribute,
    describe_cluster,
    draft,
    feedback,
    pseudonymize,
    publish,
    reject,
    results_of,
)
from indicators.pipeline.receiving import (
    BATCH,
    FINISH_POST,
    finish_post,
    import_objects,
    receive,
    resume_pending,
)
from indicators.pipeline.triaging import decide_matches, send_homeless_answers
from indicators.pipeline.upkeep import (
    RETOKENIZE,
    check_logs,
    destroy_expired,
    retokenize,
    rotate_epochs,
)
from indicators.pipeline.waiting import (
    Waiting,
    note_delay,
    resume,
    run_again,
    stop_cluster,
    stop_detection,
    stop_draft,
    waiting,
)

__all__ = [
    "BATCH",
    "DRAFT",
    "FINISH_POST",
    "PSEUDONYMIZE",
    "PUBLISH",
    "RETOKENIZE",
    "IdempotencyConflict",
    "Receipt",
    "Waiting",
    "approve",
    "check_logs",
    "contribute",
    "decide_matches",
    "describe_cluster",
    "destroy_expired",
    "draft",
    "feedback",
    "finish_post",
    "import_objects",
    "note_delay",
    "pseudonymize",
    "publish",
    "receive",
    "reject",
    "results_of",
    "resume",
    "resume_pending",
    "retokenize",
    "rotate_epochs",
    "run_again",
    "send_homeless_answers",
    "stop_cluster",
    "stop_detection",
    "stop_draft",
    "waiting",
]
