"""Which objects of a STIX bundle are about which cluster, by its own relationships."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from indicators.detections.finding import IdentifierKind
from indicators.stix import StixObject

IDENTIFYING: Mapping[str, IdentifierKind] = {
    "email-addr": "email",
    "ipv4-addr": "ip",
    "ipv6-addr": "ip",
    "domain-name": "domain",
    "mac-addr": "device",
}
"""Observables whose value is a raw identifier, and of which kind."""

_OBSERVABLES = frozenset({"user-account", "ai-traffic-aggregate", *IDENTIFYING})
_PASSED = frozenset({"campaign", "observed-data", "user-account"})
READ = _OBSERVABLES | _PASSED | {"infrastructure", "relationship"}
"""The types that say something of a cluster; others are read over."""


@dataclass(frozen=True, slots=True)
class Node:
    """An object of the bundle, and its content."""

    stix: StixObject
    value: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.stix.id

    @property
    def type(self) -> str:
        return self.stix.type


@dataclass(slots=True)
class Graph:
    """The objects that are read, newest version each, and what joins them."""

    nodes: dict[str, Node] = field(default_factory=dict)
    _joined: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _accounts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, objects: Iterable[Node]) -> "Graph":
        graph = cls()
        for each in objects:
            held = graph.nodes.get(each.id)
            if not (held and held.stix.modified and each.stix.modified) or (
                held.stix.modified <= each.stix.modified
            ):
                graph.nodes[each.id] = each
        for node in graph.nodes.values():
            graph._join(node)
        return graph

    def anchors(self) -> list[Node]:
        """What a finding is about: each infrastructure, and each campaign that uses none."""
        return [
            node
            for node in self.nodes.values()
            if node.type == "infrastructure"
            or (node.type == "campaign" and not self._near(node, "infrastructure"))
        ]

    def campaigns(self, anchor: Node) -> list[Node]:
        return [anchor] if anchor.type == "campaign" else self._near(anchor, "campaign")

    def is_shared(self, campaign: Node) -> bool:
        """Whether the campaign uses several clusters: its counts are then of none of them."""
        is_campaign = campaign.type == "campaign"
        return is_campaign and len(self._near(campaign, "infrastructure")) > 1

    def about(self, anchor: Node, anchors: list[Node]) -> list[Node]:
        """The observables of a cluster: all, if the bundle has one cluster; else those that its
        relationships lead to. An address that two clusters share belongs to both, and doesn't
        make them one."""
        if len(anchors) == 1:
            return [node for node in self.nodes.values() if node.type in _OBSERVABLES]
        seen = {each.id for each in anchors}
        waiting = [anchor]
        found = []
        while waiting:
            near = self._joined[waiting.pop().id] - seen
            seen |= near
            for node in (self.nodes[id_] for id_ in near):
                if node.type in _OBSERVABLES:
                    found.append(node)
                if node.type in _PASSED and not self.is_shared(node):
                    waiting.append(node)
        return sorted(found, key=lambda node: node.stix.index)

    def loose(self, dealt: Iterable[Iterable[Node]]) -> list[Node]:
        """Observables that belong to no cluster."""
        held = {node.id for about in dealt for node in about}
        return [
            node
            for node in self.nodes.values()
            if node.type in _OBSERVABLES and node.id not in held
        ]

    def accounts_of(self, observable: Node) -> list[Node]:
        """The user accounts that an identifier was seen with."""
        return [self.nodes[id_] for id_ in sorted(self._accounts[observable.id])]

    def _join(self, node: Node) -> None:
        if node.type == "relationship" and not node.stix.revoked:
            self._join_both(node.value["source_ref"], node.value["target_ref"])
        elif node.type == "observed-data":
            self._join_seen(node)
        elif "belongs_to_ref" in node.value:
            self._join_both(node.id, node.value["belongs_to_ref"])

    def _join_seen(self, observed: Node) -> None:
        """What was observed together with one account was that account's."""
        seen = [id_ for id_ in observed.value.get("object_refs", ()) if id_ in self.nodes]
        self._joined[observed.id].update(seen)
        accounts = [id_ for id_ in seen if self.nodes[id_].type == "user-account"]
        if len(accounts) == 1:
            for id_ in seen:
                self._accounts[id_].update(accounts)

    def _join_both(self, one: str, other: str) -> None:
        if one not in self.nodes or other not in self.nodes:
            return
        self._joined[one].add(other)
        self._joined[other].add(one)
        for account, identifier in ((one, other), (other, one)):
            if self.nodes[account].type == "user-account":
                self._accounts[identifier].add(account)

    def _near(self, node: Node, type_name: str) -> list[Node]:
        near = (self.nodes[id_] for id_ in sorted(self._joined[node.id]))
        return [each for each in near if each.type == type_name]
