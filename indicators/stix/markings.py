"""Markings: TLP 1 and 2, statements, and the definitions that other bodies own (STIX 2.1 §7.2)."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

TLP_2_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"


class Tlp(StrEnum):
    """Traffic Light Protocol 2.0, from the freest to the strictest."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"

    @property
    def rank(self) -> int:
        """0 for CLEAR to 4 for RED: the strictest of several markings is the one that holds."""
        return _RANKS[self]


_RANKS = {tlp: rank for rank, tlp in enumerate(Tlp)}

TLP_2_MARKINGS: Mapping[str, Tlp] = {
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": Tlp.CLEAR,
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": Tlp.GREEN,
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": Tlp.AMBER,
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": Tlp.AMBER_STRICT,
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": Tlp.RED,
}
# TLP 1 amber allowed sharing with clients, as TLP 2.0 AMBER does.
TLP_1_MARKINGS: Mapping[str, Tlp] = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Tlp.CLEAR,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Tlp.GREEN,
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Tlp.AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Tlp.RED,
}
TLP_MARKINGS: Mapping[str, Tlp] = {**TLP_2_MARKINGS, **TLP_1_MARKINGS}


def strictest_tlp(value: Mapping[str, Any]) -> Tlp | None:
    """The strictest TLP that a structurally sound object names, as a whole or in part."""
    strictest = None
    for ref in _marking_refs(value):
        tlp = TLP_MARKINGS.get(ref)
        if tlp and (strictest is None or tlp.rank > strictest.rank):
            strictest = tlp
    return strictest


def _marking_refs(value: Mapping[str, Any]) -> Iterable[str]:
    refs: list[str] = value.get("object_marking_refs", [])
    if "granular_markings" not in value:
        return refs
    return refs + [
        each["marking_ref"] for each in value["granular_markings"] if "marking_ref" in each
    ]


def _tlp_2_definition(marking_id: str, tlp: Tlp) -> dict[str, Any]:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": marking_id,
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{tlp.value.upper()}",
        "extensions": {
            TLP_2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp.value}
        },
    }


def _tlp_1_definition(marking_id: str, colour: str) -> dict[str, Any]:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": marking_id,
        "created": "2017-01-20T00:00:00.000Z",
        "definition_type": "tlp",
        "name": f"TLP:{colour.upper()}",
        "definition": {"tlp": colour},
    }


_TLP_1_COLOURS = dict(zip(TLP_1_MARKINGS, ("white", "green", "amber", "red"), strict=True))

OFFICIAL_TLP: Mapping[str, Mapping[str, Any]] = {
    **{marking: _tlp_2_definition(marking, tlp) for marking, tlp in TLP_2_MARKINGS.items()},
    **{marking: _tlp_1_definition(marking, colour) for marking, colour in _TLP_1_COLOURS.items()},
}
"""The TLP definitions as FIRST and OASIS publish them, by id: nobody else may define TLP."""
