"""`manage.py peer`: other organizations' nodes, and what is taken from and given to them."""

import getpass
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from federation.models import Evidence, Peer, PeerState, Quarantined, Subscription
from federation.peers import registry
from federation.peers.registry import peer_named
from indicators import pipeline
from indicators.detections import audit
from indicators.management import peer_rows
from indicators.management.peer_terms import (
    collection_offered,
    read_file,
    read_key,
    subscriptions_named,
)
from indicators.management.terms import collection_named, member_named
from indicators.management.verbs import VerbCommand
from indicators.models import Collection, Sector
from indicators.pipeline import onboarding

_MOST_ROWS = 200


class Command(VerbCommand):
    help = "Peers: add, confirm, subscribe to, push to, relay, look after."

    def add_verbs(self, verbs: Any) -> None:
        self._add_joining(verbs)
        self._add_exchange(verbs)
        self._add_upkeep(verbs)

    def _add_joining(self, verbs: Any) -> None:
        add = self.verb(verbs, "add", self.add, "Add a node by its URL; shows its fingerprint.")
        add.add_argument("url", nargs="?", default="")
        add.add_argument("--name", default="", help="what it is called here (default: its own)")
        add.add_argument("--sector", choices=Sector.values, help="default: as its identity says")
        add.add_argument("--member", help="the member that it is, added before its node was")
        add.add_argument("--plain", action="store_true", help="a TAXII server that is no node")
        add.add_argument(
            "--descriptor",
            type=Path,
            metavar="FILE",
            help="its descriptor, brought by hand; without URL it is known as an origin alone",
        )
        add.add_argument(
            "--allow-private", action="store_true", help="loopback and private addresses too"
        )
        _add_credential(add, required=False)
        confirm = self.verb(
            verbs, "confirm", self.confirm, "Trust it: the fingerprint was compared."
        )
        confirm.add_argument("name")
        confirm.add_argument("fingerprint", nargs="+", help="as its operator reads it out")
        credential = self.verb(
            verbs, "credential", self.credential, "What this node shows at its TAXII doors."
        )
        credential.add_argument("name")
        _add_credential(credential, required=True)
        refresh = self.verb(verbs, "refresh", self.refresh, "Read its descriptor again, now.")
        refresh.add_argument("name")

    def _add_exchange(self, verbs: Any) -> None:
        subscribe = self.verb(verbs, "subscribe", self.subscribe, "Pull its collections.")
        subscribe.add_argument("name")
        subscribe.add_argument(
            "--collection", action="append", default=[], help="id or title; may be repeated"
        )
        subscribe.add_argument("--all", action="store_true", help="all that this node may read")
        subscribe.add_argument("--answers", help="the own collection where answers are published")
        subscribe.add_argument("--interval", type=int, help="seconds between looks")
        subscribe.add_argument(
            "--signatures",
            choices=["required", "optional"],
            help="whether unsigned objects are refused (default: as its descriptor says)",
        )
        push = self.verb(verbs, "push", self.push, "Deliver an own collection to one of its.")
        push.add_argument("name")
        push.add_argument("--collection", required=True, help="the own one")
        push.add_argument("--to", required=True, help="the peer's: its URL, id or title")
        relay = self.verb(
            verbs, "relay", self.relay, "Republish what a peer sent, as far as TLP goes."
        )
        relay.add_argument("--from", dest="name", required=True)
        relay.add_argument("--collection", help="the peer's; default: all that are pulled")
        relay.add_argument("--to", required=True, help="the own collection")
        pull = self.verb(verbs, "pull", self.pull, "Pull now, in this process.")
        pull.add_argument("name", nargs="?")

    def _add_upkeep(self, verbs: Any) -> None:
        self.verb(verbs, "list", self.list, "Where each peer stands.")
        shown = self.verb(verbs, "show", self.detail, "Everything about one peer.")
        shown.add_argument("name")
        for name, run, purpose in (
            ("suspend", self.suspend, "Hold it off: nothing is pulled, served or believed anew."),
            ("resume", self.resume, "Let it in again."),
            ("leave", self.leave, "It is no longer a member; what it signed stays attributed."),
        ):
            verb = self.verb(verbs, name, run, purpose)
            verb.add_argument("name")
            verb.add_argument("--reason", default="")
        quarantine = self.verb(verbs, "quarantine", self.quarantine, "What was not taken, and why.")
        quarantine.add_argument("name", nargs="?")
        quarantine.add_argument("--recheck", action="store_true", help="take what passes by now")
        evidence = self.verb(verbs, "evidence", self.evidence, "What peers did, as the bytes came.")
        evidence.add_argument("name", nargs="?")
        evidence.add_argument("--export", type=Path, metavar="DIR", help="write it into files")
        unfreeze = self.verb(
            verbs, "unfreeze", self.unfreeze, "Go on with it, now that a person has looked."
        )
        unfreeze.add_argument("name")

    # --- Joining ---------------------------------------------------------------------------------

    def add(self, options: dict[str, Any]) -> None:
        if not options["url"] and not options["descriptor"]:
            raise CommandError("Give the node's URL, or its descriptor as a file.")
        sector = Sector(options["sector"]) if options["sector"] else None
        terms = {
            "name": options["name"],
            "sector": sector,
            "allow_private": options["allow_private"],
        }
        if options["plain"]:
            peer = onboarding.add_plain_peer(options["url"], **terms)
        else:
            member = member_named(options["member"]) if options["member"] else None
            body = read_file(options["descriptor"]) if options["descriptor"] else None
            peer = onboarding.add_peer(options["url"], body=body, member=member, **terms)
        if options["user"]:
            registry.seal_credential(peer, options["user"], read_key(options["key_file"]))
        _write_down("add peer", peer, url=peer.base_url)
        self.show([peer_rows.joined(peer)], options)
        if not peer.is_plain:
            self.stderr.write(
                "Compare the fingerprint with its operator by another way than this connection"
                f" (there: key fingerprint), then: peer confirm {peer.name!r} FINGERPRINT"
            )

    def confirm(self, options: dict[str, Any]) -> None:
        peer = peer_named(options["name"])
        by = getpass.getuser()
        peer = onboarding.confirm_peer(peer, "".join(options["fingerprint"]), by)
        _write_down("confirm peer", peer, fingerprint=registry.fingerprint_of(peer))
        self.show([peer_rows.joined(peer)], options)

    def credential(self, options: dict[str, Any]) -> None:
        peer = peer_named(options["name"])
        registry.seal_credential(peer, options["user"], read_key(options["key_file"]))
        _write_down("set credential", peer, user=peer.user)
        self.show([{"name": peer.name, "user": peer.user}], options)

    def refresh(self, options: dict[str, Any]) -> None:
        peer = peer_named(options["name"])
        accepted = onboarding.refresh_peer(peer)
        peer.refresh_from_db()
        row = peer_rows.joined(peer)
        if accepted is not None:
            row["new keys"] = len(accepted.new_keys)
            row["new logs"] = len(accepted.new_logs)
        self.show([row], options)

    # --- Exchange --------------------------------------------------------------------------------

    def subscribe(self, options: dict[str, Any]) -> None:
        peer = peer_named(options["name"])
        offered = [each for each in onboarding.offered_by(peer) if each.can_read]
        if not options["collection"] and not options["all"]:
            self.show(peer_rows.offered(peer, offered), options)
            self.stderr.write("Choose by --collection, or take --all.")
            return
        wanted = [collection_offered(offered, each) for each in options["collection"]] or offered
        answers = collection_named(options["answers"]) if options["answers"] else None
        rows = []
        for each in wanted:
            if peer.subscriptions.filter(url=each.url).exists():
                continue
            made = onboarding.subscribe_to(
                peer,
                each,
                answers=answers,
                signatures=options["signatures"],
                interval=options["interval"],
            )
            _write_down("subscribe", peer, collection=each.id, title=each.title)
            rows.append(peer_rows.subscribed(made))
        self.show(rows, options)

    def push(self, options: dict[str, Any]) -> None:
        peer = peer_named(options["name"])
        collection = collection_named(options["collection"])
        url = options["to"]
        if not url.startswith(("http://", "https://")):
            writable = [each for each in onboarding.offered_by(peer) if each.can_write]
            url = collection_offered(writable, url).url
        push = pipeline.open_push(peer, collection, url)
        _write_down("push", peer, collection=collection.title, to=url)
        self.show([{"peer": peer.name, "collection": collection.title, "to": push.url}], options)

    def relay(self, options: dict[str, Any]) -> None:
        peer = peer_named(options["name"])
        target = collection_named(options["to"])
        rows = []
        for subscription in subscriptions_named(peer, options["collection"]):
            inbox = Collection.objects.get(pk=subscription.inbox)
            relayed = pipeline.relay_to(inbox, target)
            _write_down("relay", peer, collection=subscription.title, to=target.title)
            rows.append({"from": subscription.title, "to": target.title, "relayed": relayed})
        self.show(rows, options)

    def pull(self, options: dict[str, Any]) -> None:
        named = [peer_named(options["name"])] if options["name"] else list(Peer.objects.all())
        rows = [
            _pulled(peer, subscription)
            for peer in named
            for subscription in subscriptions_named(peer, None)
        ]
        self.show(rows, options)

    # --- Upkeep ----------------------------------------------------------------------------------

    def list(self, options: dict[str, Any]) -> None:
        self.show(peer_rows.overview(Peer.objects.all()), options)

    def detail(self, options: dict[str, Any]) -> None:
        told = peer_rows.detail(peer_named(options["name"]))
        if options["json"]:
            self.stdout.write(json.dumps(told, indent=2, default=str))
            return
        for name, value in told.pop("peer")[0].items():
            self.stdout.write(f"{name + ':':15}{value}".rstrip())
        for title, rows in told.items():
            self.stdout.write(f"\n{title}")
            self.show(rows, options)

    def suspend(self, options: dict[str, Any]) -> None:
        self._change_state(PeerState.SUSPENDED, options)

    def resume(self, options: dict[str, Any]) -> None:
        self._change_state(PeerState.ACTIVE, options)

    def leave(self, options: dict[str, Any]) -> None:
        self._change_state(PeerState.LEFT, options)

    def _change_state(self, state: PeerState, options: dict[str, Any]) -> None:
        peer = peer_named(options["name"])
        onboarding.set_peer_state(peer, state, options["reason"])
        _write_down("change state", peer, state=state, reason=options["reason"])
        self.show([{"name": peer.name, "state": state.value, "why": options["reason"]}], options)

    def quarantine(self, options: dict[str, Any]) -> None:
        of = {"peer": peer_named(options["name"])} if options["name"] else {}
        subscriptions = Subscription.objects.filter(**of).select_related("peer", "log")
        if options["recheck"]:
            taken = sum(pipeline.recheck_quarantine(each) for each in subscriptions)
            self.stderr.write(f"{taken} objects pass by now.")
        waiting = Quarantined.objects.filter(subscription__in=subscriptions, released_at=None)
        found = waiting.select_related("subscription__peer").order_by("-pk")[:_MOST_ROWS]
        self.show([peer_rows.quarantined(each) for each in found], options)

    def evidence(self, options: dict[str, Any]) -> None:
        found = Evidence.objects.select_related("peer").order_by("pk")
        if options["name"]:
            found = found.filter(peer=peer_named(options["name"]))
        if options["export"]:
            options["export"].mkdir(parents=True, exist_ok=True)
            for each in found.iterator():
                _export(each, options["export"])
        self.show([peer_rows.evidence(each) for each in found], options)

    def unfreeze(self, options: dict[str, Any]) -> None:
        peer = peer_named(options["name"])
        onboarding.unfreeze_peer(peer)
        _write_down("unfreeze", peer)
        self.show(peer_rows.overview([peer_named(options["name"])]), options)


def _add_credential(parser: ArgumentParser, *, required: bool) -> None:
    parser.add_argument("--user", default="", required=required, help="the credential's name there")
    parser.add_argument(
        "--key-file", default="-", metavar="FILE", help="its API key; - reads standard input"
    )


def _write_down(act: str, peer: Peer, **detail: object) -> None:
    audit.record(getpass.getuser(), act, peer.name, **detail)


def _pulled(peer: Peer, subscription: Subscription) -> dict[str, Any]:
    """Page after page until nothing is left, or something goes wrong."""
    objects = refused = 0
    while True:
        pulled = pipeline.pull(subscription.pk)
        objects, refused = objects + pulled.objects, refused + pulled.refused
        if not pulled.more or pulled.failure:
            break
    return {
        "peer": peer.name,
        "collection": subscription.title,
        "objects": objects,
        "refused": refused,
        "failure": pulled.failure,
    }


def _export(each: Evidence, folder: Path) -> None:
    """What can be shown to others: the bytes as they came, and what they are said to show."""
    name = f"{each.pk:06d}-{each.kind}"
    (folder / f"{name}.txt").write_text(f"{each.peer.name}\n{each.found_at}\n{each.summary}\n")
    for which, content in (("first", each.first), ("second", each.second)):
        if content:
            (folder / f"{name}.{which}").write_bytes(bytes(content))
