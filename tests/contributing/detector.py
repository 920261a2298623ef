"""A detector that sends findings, and the workers that bring them out."""

from dataclasses import dataclass
from typing import Any

import msgspec

from indicators import access, pipeline
from indicators.detections.drafts.making import readable
from indicators.detections.finding import Finding
from indicators.detections.formats import Line
from indicators.models import Collection, Credential, Detector, Draft, Policy
from indicators.store.custody import ensure_own_member
from tests.contributing.working import work
from tests.detections.intake import account, finding, line_of

__all__ = ["Contributor", "account", "finding"]


@dataclass
class Contributor:
    """A registered detector and its credential."""

    detector: Detector
    credential: Credential

    @classmethod
    def trusted(cls, collection: Collection, **facts: Any) -> "Contributor":
        """A detector whose findings are published by policy, unless `facts` say otherwise."""
        told = {"name": "hydra-finder", "policy": Policy.PUBLISH, **facts}
        detector = Detector.objects.create(collection=collection, **told)
        credential, _ = access.make_credential(ensure_own_member(), "finder")
        Credential.objects.filter(pk=credential.pk).update(detector=detector)
        return cls(detector, credential)

    def send(self, *findings: Finding, key: str | None = None) -> pipeline.Receipt:
        lines = [line_of(found, number) for number, found in enumerate(findings, 1)]
        source = b"\n".join(msgspec.json.encode(found) for found in findings)
        return self.send_lines(lines, source, key)

    def send_lines(self, lines: list[Line], source: bytes, key: str | None) -> pipeline.Receipt:
        self.detector.refresh_from_db()
        return pipeline.contribute(self.detector, self.credential.pk, key, source, lines)

    @staticmethod
    def work() -> None:
        work()

    @staticmethod
    def shown(draft: Draft) -> list[dict[str, Any]]:
        return readable(bytes(draft.objects_zstd))
