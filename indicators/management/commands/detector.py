"""`manage.py detector`: the services that find campaigns, and what becomes of their findings."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from indicators.management.terms import collection_named, detector_named
from indicators.management.verbs import VerbCommand
from indicators.models import Detector, Policy
from indicators.pipeline.administration.detectors import add_detector, change_detector
from indicators.stix import Tlp

_NONE = "none"


class Command(VerbCommand):
    help = "Detectors: add, list, and set policy, collection, marking and measured error."

    def add_verbs(self, verbs: Any) -> None:
        add = self.verb(verbs, "add", self.add, "Register a detector service.")
        add.add_argument("name", help="lower-case letters, digits, . _ -")
        _add_settings(add)
        self.verb(verbs, "list", self.list, "List detectors, with their reviewed findings.")
        change = self.verb(verbs, "set", self.set, "Change what becomes of a detector's findings.")
        change.add_argument("name")
        _add_settings(change)

    def add(self, options: dict[str, Any]) -> None:
        settings = _settings(options)
        detector = add_detector(getpass.getuser(), name=options["name"], **settings)
        self.show([_row(detector)], options)

    def list(self, options: dict[str, Any]) -> None:
        found = Detector.objects.select_related("collection")
        self.show([_row(each) for each in found], options)

    def set(self, options: dict[str, Any]) -> None:
        detector = detector_named(options["name"])
        changes = _settings(options)
        if not changes:
            raise CommandError("Nothing to change; see `detector set --help`.")
        change_detector(detector, getpass.getuser(), **changes)
        self.show([_row(detector)], options)


def _add_settings(parser: ArgumentParser) -> None:
    parser.add_argument("--policy", choices=Policy.values, help="what becomes of its drafts")
    parser.add_argument("--collection", help=f"where its objects are published, or {_NONE}")
    parser.add_argument("--tlp", choices=[each.value for each in Tlp], help="their marking")
    parser.add_argument("--version", dest="detector_version", help="its own version")
    parser.add_argument(
        "--false-positive-rate", type=float, metavar="RATE", help="as measured by its makers, 0-1"
    )


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    """The fields that were given, as a detector has them."""
    named = options["collection"]
    rate = options["false_positive_rate"]
    if rate is not None and not 0 <= rate <= 1:
        raise CommandError("A false-positive rate lies between 0 and 1.")
    given = {
        "policy": options["policy"],
        "tlp": None if options["tlp"] is None else Tlp(options["tlp"]).rank,
        "version": options["detector_version"],
        "false_positive_rate": rate,
    }
    settings = {field: value for field, value in given.items() if value is not None}
    if named is not None:
        settings["collection"] = None if named == _NONE else collection_named(named)
    return settings


def _row(detector: Detector) -> dict[str, Any]:
    collection = detector.collection
    return {
        "name": detector.name,
        "version": detector.version,
        "policy": detector.policy,
        "collection": (collection.alias or str(collection.pk)) if collection else "",
        "tlp": detector.get_tlp_display(),
        "false_positive_rate": _or_blank(detector.false_positive_rate),
        "reviewed": detector.reviewed_count,
        "false_positives": detector.false_positive_count,
        "demoted": detector.demoted_because,
    }


def _or_blank(rate: float | None) -> float | str:
    return "" if rate is None else rate
