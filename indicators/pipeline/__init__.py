"""The flows on one page; every arrow is one call.

detector ─► contribute ───────┬─► pseudonymize ─► draft ─┬─ by policy ─────► publish ─┐
  (accept: sealed)            │ (tokens by the           └─ a person ──► approve ─────┤
analyst ─► submission ─► check┘  key-holder)                (its author looks first)  ▼
                                                        store + log + token index ─► announce
member ─► receive ─┬─ small ─► admit ────────────────────────────────────▲          │      │
                   └─ large ─► finish_post, by a worker ─► admit ─────────┤          ▼      ▼
administrator ─► import_objects ─► admit, a batch at a time ──────────────┤        wake  reconcile
peer ─► pull ─► verify ─► place in its log ─► store_page (inbox) ─► relay ┘          │   catalogue
  ▲                                                                                  │      ▼
  └──────────────────────────────────── its readers pull ◄───────────────────────────┘   matches
publish ◄── answers ◄── decide_matches ◄── hold_decision (can be undone) ◄── a person ◄──────┘

The stages are tasks over ids. What they still have to do is in the tables, so a task that is lost
is sent again (`resume`, `exchange`), and one that comes twice finds nothing to do.
"""

from indicators.pipeline.announcing import CATALOGUE, RECONCILE, WAKE, announce
from indicators.pipeline.cataloguing import catalogue
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
    remark,
    results_of,
    return_draft,
)
from indicators.pipeline.notifying import DISPATCH, NOTIFY, dispatch, notify, send_digests
from indicators.pipeline.onboarding import refresh_peers
from indicators.pipeline.peering import (
    PUSH,
    hand_over_due,
    open_push,
    relay_to,
    subscribe,
    unfreeze,
)
from indicators.pipeline.pulling import PULL, REFRESH_PEERS, Pulled, pull, woken
from indicators.pipeline.receiving import (
    BATCH,
    FINISH_POST,
    finish_post,
    import_objects,
    receive,
    resume_pending,
)
from indicators.pipeline.rechecking import recheck_quarantine
from indicators.pipeline.reconciling import reconcile, resume_reconciling, retire
from indicators.pipeline.submitting import (
    CHECK_SUBMISSION,
    abandon_submission,
    begin_submission,
    check_submission,
    drop_evidence,
    paste_evidence,
    prepare_submission,
    reopen_submission,
    resume_submissions,
    save_submission,
    send_submission,
    stop_submission,
    upload_evidence,
)
from indicators.pipeline.triaging import (
    APPLY_DECISIONS,
    apply_decisions,
    decide_matches,
    hold_decision,
    send_homeless_answers,
    undo_decision,
)
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
from indicators.pipeline.waking import (
    COSIGN,
    cosign_logs,
    push_collection,
    resume_waking,
    wake_readers,
)

__all__ = [
    "APPLY_DECISIONS",
    "BATCH",
    "CATALOGUE",
    "CHECK_SUBMISSION",
    "COSIGN",
    "DISPATCH",
    "DRAFT",
    "FINISH_POST",
    "NOTIFY",
    "PSEUDONYMIZE",
    "PUBLISH",
    "PULL",
    "PUSH",
    "RECONCILE",
    "REFRESH_PEERS",
    "RETOKENIZE",
    "WAKE",
    "IdempotencyConflict",
    "Pulled",
    "Receipt",
    "Waiting",
    "abandon_submission",
    "announce",
    "apply_decisions",
    "approve",
    "begin_submission",
    "catalogue",
    "check_logs",
    "check_submission",
    "contribute",
    "cosign_logs",
    "decide_matches",
    "describe_cluster",
    "destroy_expired",
    "dispatch",
    "draft",
    "drop_evidence",
    "feedback",
    "finish_post",
    "hand_over_due",
    "hold_decision",
    "import_objects",
    "note_delay",
    "notify",
    "open_push",
    "paste_evidence",
    "prepare_submission",
    "pseudonymize",
    "publish",
    "pull",
    "push_collection",
    "receive",
    "recheck_quarantine",
    "reconcile",
    "refresh_peers",
    "reject",
    "relay_to",
    "remark",
    "reopen_submission",
    "results_of",
    "resume",
    "resume_pending",
    "resume_reconciling",
    "resume_submissions",
    "resume_waking",
    "retire",
    "retokenize",
    "return_draft",
    "rotate_epochs",
    "run_again",
    "save_submission",
    "send_digests",
    "send_homeless_answers",
    "send_submission",
    "stop_cluster",
    "stop_detection",
    "stop_draft",
    "stop_submission",
    "subscribe",
    "undo_decision",
    "unfreeze",
    "upload_evidence",
    "waiting",
    "wake_readers",
    "woken",
]
