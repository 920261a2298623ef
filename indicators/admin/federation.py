"""Peers and what is under way with them: to look at, to hold off, to let go on."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from federation.errors import FederationError
from federation.models import (
    Delivery,
    Evidence,
    Gap,
    Peer,
    PeerKey,
    PeerLog,
    PeerState,
    Push,
    Quarantined,
    Subscription,
)
from federation.peers import registry
from indicators import pipeline
from indicators.admin.kinds import ReadOnlyAdmin, ReadOnlyInline
from indicators.detections import audit
from indicators.models import Collection, Member, Relay, State
from indicators.store.custody import set_member_state

_SHOWN = 100
_SHOWN_BYTES = 256 * 1024


class PeerKeyInline(ReadOnlyInline):
    model = PeerKey
    fields = ("purpose", "kid", "since", "until", "endorsed_by", "pinned_at")


class PeerLogInline(ReadOnlyInline):
    model = PeerLog
    fields = ("origin", "size", "seen_at", "cosigned_size", "frozen_at", "frozen_because")


@admin.register(Peer)
class PeerAdmin(ReadOnlyAdmin):
    """Peers are added and confirmed on the command line, where a fingerprint is compared."""

    list_display = ("name", "state", "state_since", "is_plain", "base_url", "alarm", "checked_at")
    list_filter = ("state", "is_plain")
    search_fields = ("name", "identity_id", "base_url")
    exclude = ("sealed_key", "descriptor")
    readonly_fields = ("fingerprint", "deliveries")
    inlines = (PeerKeyInline, PeerLogInline)
    actions = ("suspend", "resume")

    def fingerprint(self, peer: Peer) -> str:
        return registry.fingerprint_of(peer)

    def deliveries(self, peer: Peer) -> SafeString:
        """How much of this node's logs it was told of, and says to hold."""
        rows = Delivery.objects.filter(peer=peer).select_related("log").order_by("log__origin")
        return _lines(
            f"{each.log.origin}: holds {each.held_size} of {each.log.size}, told of"
            f" {each.woken_size}. {each.failure}"
            for each in rows
        )

    @admin.action(description="Hold off, until a person says otherwise", permissions=["decide"])
    def suspend(self, request: HttpRequest, peers: QuerySet[Peer]) -> None:
        self._move(request, peers, State.SUSPENDED)

    @admin.action(description="Let in again", permissions=["decide"])
    def resume(self, request: HttpRequest, peers: QuerySet[Peer]) -> None:
        self._move(request, peers, State.ACTIVE)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("federation.change_peer")

    def _move(self, request: HttpRequest, peers: QuerySet[Peer], state: State) -> None:
        actor = request.user.get_username()
        for peer in peers:
            try:
                _set_state(peer, state, f"by {actor}")
            except FederationError as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
                continue
            audit.record(actor, f"peer {state.value}", f"peer {peer.name}")


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    """What is pulled, how far, and what stands in its way."""

    list_display = (
        "title", "peer", "state", "size", "behind", "pulled_at", "failures", "failure",
        "quarantined", "gaps",
    )  # fmt: skip
    list_filter = ("state", "peer")
    list_select_related = ("peer",)
    readonly_fields = ("behind", "quarantined", "gaps", "withheld_entries", "arrives_in")
    exclude = ("edge",)
    actions = ("pause", "go_on")

    def behind(self, subscription: Subscription) -> int:
        """Entries of the peer's log that were seen and not taken yet."""
        return max(0, subscription.size_seen - subscription.size)

    def quarantined(self, subscription: Subscription) -> int:
        return Quarantined.objects.filter(subscription=subscription, released_at=None).count()

    def gaps(self, subscription: Subscription) -> int:
        return Gap.objects.filter(subscription=subscription).count()

    def withheld_entries(self, subscription: Subscription) -> SafeString:
        """Entries without their objects that the peer did not declare withdrawn."""
        withheld = Gap.objects.filter(subscription=subscription, is_declared=False)
        return _lines(
            f"entry {each.log_index}: {bytes(each.entry).hex()}"
            for each in withheld.order_by("log_index")[:_SHOWN]
        )

    def arrives_in(self, subscription: Subscription) -> SafeString:
        """Its inbox, where that is relayed to, and where answers go."""
        inbox = Collection.objects.select_related("answers").get(pk=subscription.inbox)
        relays = Relay.objects.filter(inbox=inbox).select_related("target")
        told = [inbox.title, *(f"relayed to {each.target.title}" for each in relays)]
        answers = inbox.answers.title if inbox.answers else "a collection that is to be named"
        return _lines([*told, f"answers go to {answers}"])

    @admin.action(description="Pause", permissions=["decide"])
    def pause(self, request: HttpRequest, subscriptions: QuerySet[Subscription]) -> None:
        self._each(request, subscriptions.filter(state="active"), "pause", _pause)

    @admin.action(description="Go on, after a look at the evidence", permissions=["decide"])
    def go_on(self, request: HttpRequest, subscriptions: QuerySet[Subscription]) -> None:
        self._each(request, subscriptions.exclude(state="active"), "unfreeze", pipeline.unfreeze)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("federation.change_subscription")

    def _each(
        self,
        request: HttpRequest,
        subscriptions: QuerySet[Subscription],
        act: str,
        run: Callable[[Subscription], None],
    ) -> None:
        for subscription in subscriptions.select_related("peer"):
            run(subscription)
            subject = f"subscription {subscription.title} of {subscription.peer.name}"
            audit.record(request.user.get_username(), act, subject)


@admin.register(Evidence)
class EvidenceAdmin(ReadOnlyAdmin):
    """What peers did, as it came. Rows are only added."""

    list_display = ("peer", "kind", "summary", "found_at")
    list_filter = ("kind", "peer")
    list_select_related = ("peer",)
    exclude = ("first", "second", "sha256")
    readonly_fields = ("first_bytes", "second_bytes")

    def first_bytes(self, evidence: Evidence) -> SafeString:
        return _as_came(evidence.first)

    def second_bytes(self, evidence: Evidence) -> SafeString:
        return _as_came(evidence.second)


@admin.register(Quarantined)
class QuarantinedAdmin(ReadOnlyAdmin):
    """What was served and not taken, and why."""

    list_display = (
        "stix_id", "subscription", "log_index", "reason", "may_pass_later", "found_at",
        "released_at",
    )  # fmt: skip
    list_filter = (
        "may_pass_later", ("released_at", admin.EmptyFieldListFilter), "subscription__peer",
    )  # fmt: skip
    search_fields = ("stix_id",)
    list_select_related = ("subscription",)
    exclude = ("body", "sha256")
    readonly_fields = ("content",)

    def content(self, quarantined: Quarantined) -> SafeString:
        return _as_came(quarantined.body)


@admin.register(Push)
class PushAdmin(ReadOnlyAdmin):
    """What is delivered to members behind a firewall."""

    list_display = (
        "peer", "log", "url", "is_active", "size", "behind", "refused_count", "last_refusal",
        "failures", "failure",
    )  # fmt: skip
    list_filter = ("is_active", "peer")
    list_select_related = ("peer", "log")

    def behind(self, push: Push) -> int:
        return push.log.size - push.size


def _set_state(peer: Peer, state: State, reason: str) -> None:
    """As a member and as a peer at once; a plain server may be no member."""
    member = Member.objects.filter(identity_id=peer.identity_id).first()
    if member is None or (state == State.ACTIVE and not registry.is_confirmed(peer)):
        registry.set_state(peer.identity_id, PeerState(state), reason)
    else:
        set_member_state(member, state, reason)


def _pause(subscription: Subscription) -> None:
    Subscription.objects.filter(pk=subscription.pk).update(state=Subscription.State.PAUSED)


def _as_came(source: bytes | memoryview) -> SafeString:
    """JSON laid out, other text as it is, anything else as hexadecimal digits; the start of it."""
    content = bytes(source[:_SHOWN_BYTES])
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.hex()
    with suppress(ValueError, RecursionError):  # a note, or what was not even JSON
        text = json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    return format_html("<pre>{}</pre>", text)


def _lines(lines: Iterable[str]) -> SafeString:
    return format_html_join("", "<div>{}</div>", ((line,) for line in lines))
