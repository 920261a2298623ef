"""A detector that sends findings, and the workers that bring them out, one stage after another."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import msgspec

from indicators import access, pipeline, tasks
from indicators.detections.drafts.making import readable
from indicators.detections.finding import Finding
from indicators.detections.formats import Line
from indicators.models import Collection, Credential, Detector, Draft, Policy
from indicators.store.custody import ensure_own_member
from tests.detections.intake import account, finding, line_of

__all__ = ["Contributor", "account", "finding"]

_TASKS = {
    pipeline.PSEUDONYMIZE: tasks.pseudonymize,
    pipeline.DRAFT: tasks.draft,
    pipeline.PUBLISH: tasks.publish,
}


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

    def work(self) -> None:
        """Run what the tables say is due, until nothing is."""
        sent: list[tuple[str, list[Any]]] = []

        def send(task: str, args: list[Any], **_: Any) -> None:
            sent.append((task, args))

        with (
            mock.patch("celery.current_app.send_task", send),
            mock.patch.object(tasks, "UNFORESEEN_RETRIES", 0),
        ):
            while pipeline.resume(datetime.now(UTC) + timedelta(hours=1)):
                while sent:
                    task, args = sent.pop(0)
                    if task in _TASKS:  # what others are told of it is not looked at here
                        _TASKS[task].run(*args)

    @staticmethod
    def shown(draft: Draft) -> list[dict[str, Any]]:
        return readable(bytes(draft.objects_zstd))
