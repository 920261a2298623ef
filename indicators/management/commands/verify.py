"""`manage.py verify`: this node's logs from its tables, anybody's collection over HTTP, or proofs
from files, without a database or a network.
"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from federation.errors import FederationError
from federation.keys import Verifier
from federation.transparency.audit import verify_log
from indicators.management.progress import Progress
from indicators.management.remote_feed import RemoteFailed, RemoteFeed
from indicators.management.terms import collection_named
from indicators.models import Collection
from indicators.proofs.errors import ProofError
from indicators.proofs.proof import MAX_BYTES, Proof
from indicators.proofs.proof import read as read_proof
from indicators.proofs.standing import Standing, Step
from indicators.proofs.steps import NOT_PROVEN, examine
from indicators.proofs.trust import KnownKey, Trust
from indicators.referrals.checking import MOST_BYTES, check
from indicators.referrals.errors import ReferralError
from indicators.store.custody import check_custody
from indicators.store.errors import LogMismatch

_TOLD = "It is the one that you gave."


class Command(BaseCommand):
    help = (
        "Without a URL: recompute this node's logs from their entries, and compare every stored "
        "object with its entry. With a collection's URL: replay its feed as a reader and compare "
        "with the signed checkpoint. With --proof or --pack: check a file, offline. Exit codes: 0 "
        "sound, 1 not sound, 2 wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "what", nargs="*", metavar="COLLECTION | URL", help="default: every collection here"
        )
        parser.add_argument("--user", metavar="NAME:KEY", help="HTTP Basic, for a URL")
        parser.add_argument("--key", help="API key (Bearer), for a URL")
        parser.add_argument(
            "--vkey", help="the log's public key, from its operator; for a URL or a proof"
        )
        parser.add_argument("--proof", metavar="FILE", type=Path, help="a portable proof")
        parser.add_argument("--pack", metavar="FILE", type=Path, help="a referral pack")
        parser.add_argument(
            "--signer",
            metavar="KEY",
            help="for a proof or pack: a key of the signer that you were told (its thumbprint)",
        )
        parser.add_argument(
            "--witness",
            metavar="VKEY",
            action="append",
            default=[],
            help="for a proof: a witness that must have signed; may be repeated",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["proof"] is not None:
            self._proof(options)
            return
        if options["pack"] is not None:
            self._pack(options)
            return
        names = options["what"]
        urls = [name for name in names if name.startswith(("http://", "https://"))]
        if urls:
            reports = [self._remote(url, options) for url in urls]
        else:
            here = [collection_named(name) for name in names] or Collection.objects.order_by(
                "title"
            )
            reports = [self._local(collection) for collection in here]
        if options["json"]:
            self.stdout.write(json.dumps(reports, indent=2))
            return
        for report in reports:
            self.stdout.write("  ".join(f"{name} {value}" for name, value in report.items()))
        self.stdout.write("Sound." if reports else "There is no collection yet.")

    def _proof(self, options: dict[str, Any]) -> None:
        """Tables and network are not asked: what is known beforehand comes as options."""
        path, witnesses = options["proof"], options["witness"]
        trust = Trust(
            keys={options["signer"]: KnownKey(_TOLD)} if options["signer"] else {},
            logs={options["vkey"]: _TOLD} if options["vkey"] else {},
            witnesses=dict.fromkeys(witnesses, "A witness that you named"),
            needed=frozenset(witnesses),
        )
        try:
            proof = read_proof(_contents(path, MAX_BYTES))
        except (OSError, ProofError) as error:
            raise CommandError(f"{path}: {error}") from error
        steps = examine(proof, trust)
        if options["json"]:
            self.stdout.write(json.dumps([_told(step) for step in steps], indent=2))
        else:
            self._tell(proof, steps)
        broken = [step.title.lower() for step in steps if step.standing is Standing.BROKEN]
        if broken:
            raise CommandError(f"{path}: not sound ({', '.join(broken)}).")
        if not options["json"]:
            self.stdout.write(_verdict(steps))

    def _pack(self, options: dict[str, Any]) -> None:
        path = options["pack"]
        try:
            checked = asdict(check(_contents(path, MOST_BYTES), options["signer"] or ""))
        except (OSError, ReferralError) as error:
            raise CommandError(f"{path}: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps(checked, indent=2))
            return
        for name, value in checked.items():
            self.stdout.write(f"{name} {value}")
        told = options["signer"]
        self.stdout.write("Sound." if told else "Sound, if the key (kid) is the one you were told.")

    def _tell(self, proof: Proof, steps: tuple[Step, ...]) -> None:
        self.stdout.write(f"{proof.value.get('id')}, entry {proof.index} of {proof.origin}")
        for step in steps:
            self.stdout.write(f"{step.number}. {step.title}: {step.standing}. {step.sentence}")
        self.stdout.write("What it does not prove:")
        for each in NOT_PROVEN:
            self.stdout.write(f"- {each}")

    def _local(self, collection: Collection) -> dict[str, Any]:
        try:
            sound = verify_log(collection.pk)
            custody = check_custody(collection, sound.size)
        except (FederationError, LogMismatch) as error:
            raise CommandError(f"{collection.title}: {error}") from error
        return {
            "collection": collection.title,
            "entries": sound.size,
            "served": custody.served,
            "withdrawn": custody.withdrawn,
            "checkpoints": sound.checkpoints,
            "root": sound.root.hex(),
        }

    def _remote(self, url: str, options: dict[str, Any]) -> dict[str, Any]:
        if not options["vkey"]:
            raise CommandError(
                "A reader needs the log's key: --vkey, as the node's operator gives it out"
                " (`collection list` prints it there).",
                returncode=2,
            )
        user = tuple(options["user"].split(":", 1)) if options["user"] else None
        if user is not None and len(user) != 2:
            raise CommandError("--user takes NAME:KEY.", returncode=2)
        progress = Progress("objects")
        try:
            found = RemoteFeed(url, user, options["key"]).verify(
                Verifier.parse(options["vkey"]), progress.step
            )
        except (FederationError, RemoteFailed) as error:
            raise CommandError(f"{url}: {error}") from error
        finally:
            progress.finish()
        return {
            "origin": found.origin,
            "entries": found.size,
            "seen": found.match.present,
            "erased or withheld": found.match.missing + found.match.trailing,
            "root": found.root.hex(),
        }


def _told(step: Step) -> dict[str, Any]:
    return {
        "step": step.number,
        "title": step.title,
        "standing": step.standing,
        "sentence": step.sentence,
    }


def _verdict(steps: tuple[Step, ...]) -> str:
    """One line: whether it is sound, what it still rests on, and what nobody could check."""
    absent, still = (
        ", ".join(each.title.lower() for each in steps if each.standing is standing)
        for standing in (Standing.ABSENT, Standing.OPEN)
    )
    said = [f"not compared with anything: {still}"] if still else []
    said += [f"nothing to check: {absent}"] if absent else []
    return f"Sound as far as the file goes; {'; '.join(said)}." if said else "Sound."


def _contents(path: Path, most: int) -> bytes:
    """A file that is no larger than any of its kind; of another one the first byte too many."""
    with path.open("rb") as file:
        return file.read(most + 1)
