"""Campaigns as a detector tells them: findings, revision by revision."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import msgspec

from federation.pseudonyms.fingerprint import minhash
from indicators.detections.finding import (
    Coordination,
    Count,
    Finding,
    ModelTarget,
    Pivot,
    PromptFingerprint,
    SeenCluster,
    SharedAttribute,
)
from indicators.management.simulation.accounts import Population
from indicators.management.simulation.chance import Chance
from indicators.management.simulation.plan import Plan
from indicators.management.simulation.shapes import SHAPES, SUBJECTS, Shape
from indicators.management.simulation.traffic import Traffic

_encode = msgspec.json.Encoder().encode


def lines(plan: Plan) -> Iterator[bytes]:
    """Native NDJSON, in the order of time: first revisions, then second ones, …"""
    for finding in findings(plan):
        yield _encode(finding) + b"\n"


def findings(plan: Plan) -> Iterator[Finding]:
    for revision in range(1, plan.revisions + 1):
        yield from findings_of(plan, revision)
    if plan.closes:
        for number in range(plan.campaigns):
            yield from _campaign(plan, number).closings(plan.revisions + 1)


def findings_of(plan: Plan, revision: int) -> Iterator[Finding]:
    for number in range(plan.campaigns):
        yield from _campaign(plan, number).findings(revision)


def _campaign(plan: Plan, number: int) -> "Campaign":
    shapes = [SHAPES[plan.shape]] if plan.shape else list(SHAPES.values())
    chance = Chance(plan.seed, plan.organization)
    return Campaign(plan, chance, number, shapes[number % len(shapes)])


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign. Its first finding tells of the whole cluster, the others bring more accounts.

    A finding has the same uid in every revision, and the cluster the same key.
    """

    plan: Plan
    chance: Chance
    number: int
    shape: Shape

    def findings(self, revision: int) -> Iterator[Finding]:
        for part, first in enumerate(self._firsts()):
            finding = self._finding(part, first, revision)
            yield self._told(finding, revision) if part == 0 else finding

    def closings(self, revision: int) -> Iterator[Finding]:
        for part, _ in enumerate(self._firsts()):
            yield Finding(
                uid=self._uid(part),
                revision=revision,
                status="closed",
                closed_because="resolved",
                cluster=SeenCluster(self._key),
                detected_at=self.plan.until(revision),
            )

    def _firsts(self) -> range:
        return range(0, self.plan.accounts, self.plan.accounts_per_line)

    def _finding(self, part: int, first: int, revision: int) -> Finding:
        plan, until = self.plan, self.plan.until(revision)
        people = self._people
        accounts = []
        for seat in range(first, min(first + plan.accounts_per_line, plan.accounts)):
            life, since = people.began(seat, revision)
            start = plan.start if life == 1 else self.plan.until(since - 1)
            accounts.append(people.account(seat, life, start, until))
        return Finding(
            uid=self._uid(part),
            revision=revision,
            cluster=SeenCluster(self._key, Count(plan.accounts), plan.start, until),
            detected_at=until + timedelta(minutes=30),
            confidence=60 + self.chance.number(36, "confidence", self.number),
            expected_false_positive_rate=0.01,
            detector_version="simulation-1",
            accounts=tuple(accounts),
        )

    @property
    def _people(self) -> Population:
        plan = self.plan
        common = Chance(plan.seed) if plan.organization else None
        return Population(
            self.chance,
            self.shape,
            self.number,
            plan.campaigns,
            plan.accounts,
            common,
            plan.shared,
        )

    def _told(self, finding: Finding, revision: int) -> Finding:
        traffic = Traffic(self.plan, self.chance, self.number, self.shape)
        windows = traffic.windows(revision)
        return msgspec.structs.replace(
            finding,
            title=f"Simulated campaign {self.number}: {self.shape.name}",
            interaction_count=Count(sum(window.request_count for window in windows)),
            coordination=self._coordination(windows[0].synchrony_score),
            windows=windows,
            capability_targets=self.shape.capabilities,
            elicitation_techniques=self.shape.techniques,
            training_purposes=self.shape.purposes,
            access_paths=self.shape.access_paths,
            model_targets=(ModelTarget("Example Lab", "Simulacrum", "simulacrum-3"),),
            pivots=self._pivots(traffic),
            prompt_fingerprints=self._fingerprints(),
        )

    def _coordination(self, synchrony: float | None) -> Coordination:
        accounts, shape = self.plan.accounts, self.shape
        shared = [("payment-instrument", shape.accounts_per_payment)]
        shared.append(("ip", shape.accounts_per_address))
        return Coordination(
            method=shape.method,
            score=synchrony,
            time_window_seconds=60,
            shared_attributes=tuple(
                SharedAttribute(kind, -(-accounts // each), accounts)
                for kind, each in shared
                if each > 1
            ),
            traits=shape.traits,
        )

    def _pivots(self, traffic: Traffic) -> tuple[Pivot, ...]:
        if not self.shape.pivots:
            return ()
        return (
            Pivot(
                trigger="target-model-release",
                trigger_time=traffic.release,
                latency_hours=24.0,
                traffic_share_redirected=traffic.shifted,
                to_model="simulacrum-4",
            ),
        )

    def _fingerprints(self) -> tuple[PromptFingerprint, ...]:
        subject = self.chance.choice(SUBJECTS, "subject", self.number)
        return tuple(_fingerprint(template, subject) for template in self.shape.templates)

    @property
    def _key(self) -> str:
        return f"cluster-{self.chance.hex(16, 'cluster', self.number)}"

    def _uid(self, part: int) -> str:
        return f"sim-{self.chance.hex(12, 'uid', self.number)}-{part}"


@cache
def _fingerprint(template: str, subject: str) -> PromptFingerprint:
    prompt = f"You are an expert in {subject}. {template} Keep to {subject}."
    return PromptFingerprint(b64encode(minhash(prompt)).decode())
