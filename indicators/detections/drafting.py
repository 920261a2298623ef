"""From the state of a cluster to the objects that say what may be shared of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from indicators.detections.errors import DetectionError
from indicators.detections.facts import ClusterFacts
from indicators.detections.preview import Preview
from indicators.stix import Tlp

Content = dict[str, Any]


class DraftRefused(DetectionError):
    """A cluster that cannot be drafted as it stands; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """Tokens of one kind under one key: what becomes one indicator of at most 500 tokens.

    key_id: the 8 characters that name the key in a token; number: from 1; tokens: as text
    ("psi1.…"), none if the part was emptied; is_new: no indicator of it was ever published.
    """

    kind: str
    key_id: str
    number: int
    tokens: tuple[str, ...]
    is_new: bool


@dataclass(frozen=True, slots=True)
class ClusterState:
    """A cluster as it is now. `parts` are those that changed, of `part_count` in all."""

    token: str
    incarnation: int
    is_open: bool
    facts: ClusterFacts
    account_count: int
    parts: tuple[Part, ...]
    part_count: int


@dataclass(frozen=True, slots=True)
class Terms:
    """By whom, when and under what conditions objects are drafted.

    id_key: the node's secret that object ids are made with; now: the time that new versions carry;
    min_accounts: aggregates of fewer accounts are withheld.
    """

    identity_id: str
    tlp: Tlp
    id_key: bytes
    now: datetime
    min_accounts: int = 10
    lifetime_days: int = 90
    detector_name: str = ""
    detector_version: str = ""


@dataclass(frozen=True, slots=True)
class Drafted:
    """Objects with their roles, unsigned, in an order in which no reference points forward."""

    objects: list[tuple[str, Content]]
    preview: Preview


def wanted_ids(state: ClusterState, terms: Terms) -> set[str]:
    """The ids whose last published content `draft` has to be given, if there is any.

    Beside them `draft` takes every observed-data of the incarnation, to revoke those whose window
    is gone, and for a closed cluster all of its objects.
    """
    raise NotImplementedError


def draft(state: ClusterState, terms: Terms, held: Mapping[str, Content]) -> Drafted:
    """The objects that differ from what is published.

    held: the last published content by id, without signatures. Raises DraftRefused.
    """
    raise NotImplementedError
