"""The tables, a noun a file. Object tables have one writer: `indicators.store`."""

from indicators.models.allowance import Allowance
from indicators.models.allowed import Allowed
from indicators.models.audit import AuditEvent
from indicators.models.catalog import CatalogRow, Catalogued, DueRow, Reference, Standing
from indicators.models.cluster import Authored, Cluster, Part, Seat
from indicators.models.collection import Audience, Collection, Grant, Relay, Served
from indicators.models.credential import Credential, Scope
from indicators.models.data_key import DataKey, KeyPurpose
from indicators.models.detection import Account, DetectedToken, Detection, Job, Stage, Verdict
from indicators.models.detector import Detector, Policy
from indicators.models.draft import Draft, DraftState
from indicators.models.entry import Entry, Withdrawal
from indicators.models.errand import Errand, ErrandKind
from indicators.models.held_decision import HeldDecision
from indicators.models.indexed_token import IndexedToken
from indicators.models.joint import (
    JointCluster,
    JointEdge,
    JointEvent,
    JointLink,
    JointSubject,
)
from indicators.models.match import (
    Answer,
    DueMatch,
    Indication,
    KnownIndicator,
    Match,
    MatchState,
    Reconciled,
    Semantics,
)
from indicators.models.member import Member, Reliability, Sector, State
from indicators.models.notice import (
    Cause,
    Digest,
    Dispatch,
    Notice,
    NoticeChoice,
    Told,
    Webhook,
)
from indicators.models.objects import Contradiction, ObjectId, ObjectVersion
from indicators.models.page import KeptPage
from indicators.models.person import Invitation, Person, Role
from indicators.models.referral import (
    Permission,
    Recipient,
    RecipientKind,
    Referral,
    ReferralState,
)
from indicators.models.review import Act, Remark
from indicators.models.status import Status
from indicators.models.submission import Piece, PieceRole, Submission, SubmissionState

__all__ = [
    "Account",
    "Act",
    "Allowance",
    "Allowed",
    "Answer",
    "Audience",
    "AuditEvent",
    "Authored",
    "CatalogRow",
    "Catalogued",
    "Cause",
    "Cluster",
    "Collection",
    "Contradiction",
    "Credential",
    "DataKey",
    "DetectedToken",
    "Detection",
    "Detector",
    "Digest",
    "Dispatch",
    "Draft",
    "DraftState",
    "DueMatch",
    "DueRow",
    "Entry",
    "Errand",
    "ErrandKind",
    "Grant",
    "HeldDecision",
    "IndexedToken",
    "Indication",
    "Invitation",
    "Job",
    "JointCluster",
    "JointEdge",
    "JointEvent",
    "JointLink",
    "JointSubject",
    "KeptPage",
    "KeyPurpose",
    "KnownIndicator",
    "Match",
    "MatchState",
    "Member",
    "Notice",
    "NoticeChoice",
    "ObjectId",
    "ObjectVersion",
    "Part",
    "Permission",
    "Person",
    "Piece",
    "PieceRole",
    "Policy",
    "Recipient",
    "RecipientKind",
    "Reconciled",
    "Reference",
    "Referral",
    "ReferralState",
    "Relay",
    "Reliability",
    "Remark",
    "Role",
    "Scope",
    "Seat",
    "Sector",
    "Semantics",
    "Served",
    "Stage",
    "Standing",
    "State",
    "Status",
    "Submission",
    "SubmissionState",
    "Told",
    "Verdict",
    "Webhook",
    "Withdrawal",
]
