"""What the benchmarks store: varied objects of about 1.16 KB, as nodes exchange them.

Of 1,000 objects 929 are new indicators (tokens of accounts, traffic behaviour, domains), 20 are
second versions of earlier indicators, 50 sightings, and one a campaign: a common, a rare and a
middling type. Ids, tokens and names are random, so that compression and indexes get no gifts.
"""

import base64
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson

GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
TOKENS_OF_AN_ACCOUNT = "extension-definition--594eb5c0-0756-465b-be9f-6d2436faa48f"
CREATOR = "identity--be45f992-c008-44ef-8483-6c65e712c2c2"
TYPES = {"common": "indicator", "middling": "sighting", "rare": "campaign"}
ENVELOPE = 1000

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_TEXT = """
account accounts batch billing burst capability cards cluster coding created datacentre device
domain evasion export extraction fingerprint gateway harvest instruments key latency mirror model
network operator payment pool prompts proxy quota reasoning regions rented requests reseller
resold rotation sampled schedule shared solver student synthetic teacher template token tool
traces traffic tunnel variations volume window workload
"""
_WORDS = _TEXT.split()
_Object = dict[str, object]


class Author:
    """Writes objects, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._number = 0
        self._recent: list[_Object] = []

    def envelopes(self, count: int, *, objects: int = ENVELOPE) -> Iterator[bytes]:
        """`count` TAXII envelopes."""
        for _ in range(count):
            yield b'{"objects":[' + b",".join(self.objects(objects)) + b"]}"

    def objects(self, count: int) -> list[bytes]:
        return [orjson.dumps(self._object()) for _ in range(count)]

    def _object(self) -> _Object:
        self._number += 1
        place = self._number % 1000
        if place == 500:
            return self._campaign()
        if place % 50 == 25 and self._recent:
            return self._second_version()
        return self._sighting() if place % 20 == 10 else self._indicator()

    def _common(self, kind: str) -> _Object:
        moment = _timestamp(_EPOCH + timedelta(milliseconds=self._chance.getrandbits(34)))
        return {
            "type": kind,
            "spec_version": "2.1",
            "id": f"{kind}--{UUID(int=self._chance.getrandbits(128), version=4)}",
            "created_by_ref": CREATOR,
            "created": moment,
            "modified": moment,
            "object_marking_refs": [GREEN],
            "labels": [f"{self._words(2, '-')}", "fraudulent-account-network"],
            "confidence": self._chance.randrange(100),
        }

    def _indicator(self) -> _Object:
        made = self._common("indicator")
        pattern, more = (self._tokens, self._behaviour, self._domains)[self._number % 3]()
        made |= more
        made |= {
            "name": f"{self._words(5)} {self._number}".capitalize(),
            "indicator_types": ["malicious-activity"],
            "pattern": pattern,
            "pattern_type": "stix",
            "pattern_version": "2.1",
            "valid_from": made["created"],
            "valid_until": "2027-12-31T00:00:00Z",
        }
        if self._number % 25 == 0:
            self._recent.append(made)
        return self._filled(made, 1170)

    def _second_version(self) -> _Object:
        earlier = self._recent.pop(self._chance.randrange(len(self._recent)))
        created = datetime.fromisoformat(str(earlier["created"]))
        return earlier | {
            "modified": _timestamp(created + timedelta(days=1)),
            "confidence": 99,
        }

    def _sighting(self) -> _Object:
        seen = UUID(int=self._chance.getrandbits(128), version=4)
        made = self._common("sighting") | {
            "sighting_of_ref": f"indicator--{seen}",
            "count": self._chance.randrange(1, 1000),
        }
        return self._filled(made, 1160)

    def _campaign(self) -> _Object:
        return self._filled(self._common("campaign") | {"name": self._words(4)}, 1160)

    def _tokens(self) -> tuple[str, _Object]:
        tokens = ", ".join(f"'psi1.abcdefgh.{self._token()}'" for _ in range(8))
        extension = {
            "extension_type": "property-extension",
            "match_semantics": "exact",
            "kinds": ["email", "payment-instrument"],
            "token_count": 8,
            "basis": "first-party",
            "decay": {"model": "polynomial", "lifetime_days": 90, "speed": 2.5},
        }
        more = {"extensions": {TOKENS_OF_AN_ACCOUNT: extension}}
        return f"[identifier-token:value IN ({tokens})]", more

    def _behaviour(self) -> tuple[str, _Object]:
        accounts, variants, few = (self._chance.randrange(1, 10_000) for _ in range(3))
        return (
            f"[ai-traffic-aggregate:account_count >= {accounts} AND "
            f"ai-traffic-aggregate:prompt_variant_count >= {variants} AND "
            f"ai-traffic-aggregate:distinct_capability_count <= {few}]"
        ), {}

    def _domains(self) -> tuple[str, _Object]:
        name = f"{self._words(2, '-')}-{self._chance.getrandbits(40):x}.example"
        report = {"source_name": "report", "url": f"https://reports.example/{self._token()}"}
        pattern = f"[domain-name:value = '{name}' OR url:value LIKE 'https://{name}/%']"
        return pattern, {"external_references": [report]}

    def _filled(self, made: _Object, size: int) -> _Object:
        """With a description of words and sample hashes that brings it to its size."""
        missing = size - len(orjson.dumps(made))
        text = f"{self._words(12).capitalize()}. Samples: {self._token()}, {self._token()}. "
        while len(text) < missing - 18:
            text += self._words(6) + ", "
        return made | {"description": text[: max(60, missing - 17)]}

    def _words(self, count: int, joint: str = " ") -> str:
        return joint.join(self._chance.choices(_WORDS, k=count))

    def _token(self) -> str:
        return base64.urlsafe_b64encode(self._chance.randbytes(16))[:22].decode()


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
