"""Peers: other organizations' nodes as this node knows them, with the keys and logs it pinned."""

import uuid

from django.db import models
from django.db.models.functions import Now


class PeerState(models.TextChoices):
    """Where a peer stands. Only an active one is pulled from, pushed to, woken and witnessed."""

    INVITED = "invited", "Known by its descriptor; its fingerprint is not confirmed yet"
    ACTIVE = "active", "Its fingerprint was compared out of band: it is pinned"
    SUSPENDED = "suspended", "Held off, by a person or after a fork, until a person says otherwise"
    LEFT = "left", "No longer a member; what it signed stays attributed to it"


class Peer(models.Model):
    """Another organization. `base_url` is empty where it is known only as an origin of objects.

    A plain TAXII server has no descriptor and no keys; `base_url` is then its discovery URL. The
    credential is this node's at the peer; the key is sealed under the key-encryption key.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, unique=True)
    identity_id = models.CharField(max_length=64, unique=True)
    base_url = models.CharField(max_length=500, blank=True)
    is_plain = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=PeerState, default=PeerState.INVITED)
    state_since = models.DateTimeField(db_default=Now())
    reason = models.TextField(blank=True, default="", db_default="")
    # As last accepted: canonical bytes, and the time at which it says to have been issued.
    descriptor = models.BinaryField(null=True)
    issued_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    # Why the last descriptor was not accepted; nothing of it counts.
    alarm = models.TextField(blank=True, default="", db_default="")
    confirmed_by = models.CharField(max_length=150, blank=True, default="", db_default="")
    confirmed_at = models.DateTimeField(null=True)
    user = models.CharField(max_length=100, blank=True, default="", db_default="")
    sealed_key = models.BinaryField(null=True)
    # Loopback and private addresses, as development and closed networks need.
    allow_private = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PeerKey(models.Model):
    """A public key of a peer, pinned. `since` and `until`: {log origin: entries}, where the peer
    says that the key begins and ends.
    """

    class Purpose(models.TextChoices):
        OBJECT = "object"
        REQUEST = "request"

    peer = models.ForeignKey(Peer, on_delete=models.CASCADE, related_name="keys")
    purpose = models.CharField(max_length=16, choices=Purpose)
    kid = models.CharField(max_length=43, unique=True)
    public_key = models.BinaryField(max_length=32)
    endorsed_by = models.CharField(max_length=43, blank=True, default="", db_default="")
    since = models.JSONField(default=dict)
    until = models.JSONField(null=True)
    pinned_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.kid


class PeerLog(models.Model):
    """A peer's log, with its pinned key and the largest checkpoint of it that was ever verified.

    Every way by which checkpoints come (pulls, requests to witness) compares with this row, under
    its lock: what contradicts it is a fork.
    """

    id = models.BigAutoField(primary_key=True)
    peer = models.ForeignKey(Peer, on_delete=models.CASCADE, related_name="logs")
    collection = models.UUIDField()
    origin = models.CharField(max_length=300, unique=True)
    vkey = models.TextField()
    signatures_required = models.BooleanField(default=True)
    # Whom the peer serves it to, in its own words: what is relayed goes to no wider audience.
    audience = models.CharField(max_length=16, blank=True, default="", db_default="")
    size = models.BigIntegerField(default=0)
    root = models.BinaryField(max_length=32, null=True)
    note = models.BinaryField(null=True)
    seen_at = models.DateTimeField(null=True)
    cosigned_size = models.BigIntegerField(null=True)
    frozen_at = models.DateTimeField(null=True)
    frozen_because = models.TextField(blank=True, default="", db_default="")

    def __str__(self) -> str:
        return self.origin


class EvidenceKind(models.TextChoices):
    FORK = "fork", "Two signed checkpoints that no one log can have"
    ROLLBACK = "rollback", "A feed or log that shows less than it showed before"
    UNLOGGED = "unlogged", "An object in the feed that its log does not have there"
    WITHHELD = "withheld", "An entry of the log whose object was not served, nor declared withdrawn"
    EQUIVOCATION = "equivocation", "Two contents that one author signed as one version"
    FORGERY = "forgery", "An object whose signature does not hold, or that names another's author"
    OVERREACH = "overreach", "An object relayed against its marking"
    MISCONDUCT = "misconduct", "An answer that breaks the protocol: too large, too slow, malformed"


class Evidence(models.Model):
    """What a peer did, provable where it is signed: the bytes as they came. Rows are only added."""

    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=16, choices=EvidenceKind)
    summary = models.TextField()
    first = models.BinaryField(default=b"")
    second = models.BinaryField(default=b"")
    # The same finding is kept once, however often it is met.
    sha256 = models.BinaryField(max_length=32, unique=True)
    found_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["peer", "found_at"], name="evidence_of_peer")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.summary}"
