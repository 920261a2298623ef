"""`manage.py collection`: what is shared, for whom, and under which log key."""

import getpass
from typing import Any

from django.core.management.base import CommandError

from federation.models import Log
from federation.transparency import log
from indicators.management.terms import collection_named, member_named
from indicators.management.verbs import VerbCommand
from indicators.models import Audience, Collection
from indicators.pipeline.administration import collections as administration


class Command(VerbCommand):
    help = "Collections: create, list, grant and revoke access."

    def add_verbs(self, verbs: Any) -> None:
        create = self.verb(verbs, "create", self.create, "Create a collection and its log.")
        create.add_argument("title")
        create.add_argument("--alias", help="a short name that also works in URLs")
        create.add_argument("--description", default="")
        create.add_argument(
            "--audience",
            choices=Audience.values,
            default=Audience.MEMBERS,
            help="who it is for; decides the strictest TLP that it takes (default: members)",
        )
        create.add_argument(
            "--require-signatures",
            action="store_true",
            help="refuse what carries no valid origin signature",
        )
        self.verb(verbs, "list", self.list, "List collections, with size and log key (vkey).")
        grant = self.verb(verbs, "grant", self.grant, "Let a member know of it, read it, write it.")
        grant.add_argument("collection")
        grant.add_argument("member")
        grant.add_argument("--read", action="store_true")
        grant.add_argument("--write", action="store_true")
        revoke = self.verb(verbs, "revoke", self.revoke, "Take a member's access away.")
        revoke.add_argument("collection")
        revoke.add_argument("member")

    def create(self, options: dict[str, Any]) -> None:
        collection = administration.open_shared(
            getpass.getuser(),
            title=options["title"],
            alias=options["alias"],
            description=options["description"],
            audience=options["audience"],
            signatures_required=options["require_signatures"],
        )
        self.show([_row(collection)], options)

    def list(self, options: dict[str, Any]) -> None:
        self.show([_row(each) for each in Collection.objects.order_by("title")], options)

    def grant(self, options: dict[str, Any]) -> None:
        collection, member = (
            collection_named(options["collection"]),
            member_named(options["member"]),
        )
        grant = administration.grant(
            collection,
            member,
            getpass.getuser(),
            can_read=options["read"],
            can_write=options["write"],
        )
        self.show(
            [
                {
                    "collection": collection.title,
                    "member": member.name,
                    "read": grant.can_read,
                    "write": grant.can_write,
                }
            ],
            options,
        )

    def revoke(self, options: dict[str, Any]) -> None:
        collection, member = (
            collection_named(options["collection"]),
            member_named(options["member"]),
        )
        if not administration.revoke(collection, member, getpass.getuser()):
            raise CommandError(f"{member.name} had no access to {collection.title}.")
        self.show(
            [{"collection": collection.title, "member": member.name, "access": "none"}], options
        )


def _row(collection: Collection) -> dict[str, Any]:
    return {
        "title": collection.title,
        "alias": collection.alias or "",
        "id": str(collection.pk),
        "audience": "inbox" if collection.is_inbox else collection.audience,
        "signatures": "required" if collection.signatures_required else "optional",
        "entries": Log.objects.get(pk=collection.pk).size,
        "vkey": log.verifier(collection.pk).vkey,
    }
