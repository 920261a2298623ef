"""Detectors: registered, and told what becomes of their findings."""

from typing import Any

from django.db import transaction

from indicators.detections import audit
from indicators.detections.errors import DetectionError
from indicators.detections.submissions.checking import ANALYSTS
from indicators.models import Collection, Detector, Policy


class AlwaysReviewed(DetectionError):
    """What people submit is decided by other people, whatever the settings."""


def add_detector(actor: str, **settings: Any) -> Detector:
    """A detector service that may send findings, once it has a client's key."""
    detector = Detector(**settings)
    _check(detector)
    with transaction.atomic():
        detector.save(force_insert=True)
        _write_down(actor, "add detector", detector, settings)
    return detector


def change_detector(detector: Detector, actor: str, **settings: Any) -> None:
    """Other settings. That it publishes by itself again ends a demotion: the count begins anew."""
    if settings.get("policy") == Policy.PUBLISH and detector.demoted_at is not None:
        settings |= {"demoted_at": None, "demoted_because": ""}
        settings |= {"reviewed_count": 0, "false_positive_count": 0}
    for field, value in settings.items():
        setattr(detector, field, value)
    _check(detector)
    with transaction.atomic():
        detector.save(update_fields=list(settings))
        _write_down(actor, "set detector", detector, settings)


def _check(detector: Detector) -> None:
    """Raises ValidationError, AlwaysReviewed."""
    detector.full_clean()
    if detector.name == ANALYSTS and detector.policy == Policy.PUBLISH:
        raise AlwaysReviewed(
            f"{detector.name} stands for what people submit here: its drafts are always reviewed."
        )


_AUDITED = ("policy", "collection", "tlp", "version", "false_positive_rate")


def _write_down(actor: str, act: str, detector: Detector, settings: dict[str, Any]) -> None:
    """What becomes of findings without a person is decided here, so it is audited."""
    named = {name: _plain(settings[name]) for name in _AUDITED if name in settings}
    audit.record(actor, act, detector.name, **named)


def _plain(value: Any) -> Any:
    return value.title if isinstance(value, Collection) else value
