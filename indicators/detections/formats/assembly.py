"""A finding put together from the parts of a foreign format; every fault of a part is kept."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from indicators.detections.finding import Finding, Identifier, SeenAccount
from indicators.detections.formats.extension_forms import CampaignProperties, CoordinationEvidence
from indicators.detections.formats.faults import shape_fault
from indicators.detections.formats.line import Line, LineError, refused
from indicators.detections.formats.meaning import EARLIEST, checked

_T = TypeVar("_T")
_MOST_ERRORS = 20
_ACCOUNT_IDENTIFIERS = 100


def revision_at(modified: datetime) -> int:
    """Formats without revisions count them by time: whole seconds since 2000."""
    return max(1, int((modified.astimezone(UTC) - EARLIEST).total_seconds()))


@dataclass(slots=True)
class Assembly:
    """What is known so far. Identifiers that no account is named for share accounts of 100, named
    `unassigned-1` and so on: an account each would make a cluster look larger than it is."""

    number: int
    source: bytes
    fields: dict[str, Any] = field(default_factory=dict)
    cluster: dict[str, Any] = field(default_factory=dict)
    errors: list[LineError] = field(default_factory=list)
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    unassigned: dict[Identifier, None] = field(default_factory=dict)

    def fail(self, pointer: str, message: str) -> None:
        self.errors.append(LineError(pointer, message))

    def read(self, value: object, expected: type[_T], *path: str | int) -> _T | None:
        """A part of the source as the struct that it should be; None is a fault already kept."""
        try:
            return msgspec.convert(value, expected)
        except msgspec.ValidationError as error:
            self.errors.append(shape_fault(error, expected, path))
            return None

    def take_coordination(self, form: CoordinationEvidence) -> None:
        self.fields["coordination"] = form.coordination()
        if form.expected_false_positive_rate is not None:
            self.fields["expected_false_positive_rate"] = form.expected_false_positive_rate
        if form.detector and form.detector.version:
            self.fields["detector_version"] = form.detector.version
        if form.cluster_size:
            self.cluster["size"] = form.cluster_size

    def take_campaign(self, form: CampaignProperties) -> None:
        """Evidence about the cluster itself knows its size better than the campaign."""
        self.fields.update(form.fields())
        if form.account_count:
            self.cluster.setdefault("size", form.account_count)

    def account(self, ref: str) -> dict[str, Any]:
        return self.accounts.setdefault(ref, {"ref": ref, "identifiers": {}, "person_names": {}})

    def identify(self, ref: str | None, identifier: Identifier) -> None:
        """An identifier counts once for each account."""
        held = self.unassigned if ref is None else self.account(ref)["identifiers"]
        held[identifier] = None

    def take_account(self, seen: SeenAccount) -> None:
        account = self.account(seen.ref)
        for name in ("segment", "first_seen", "last_seen"):
            if getattr(seen, name) is not None:
                account[name] = getattr(seen, name)
        account["identifiers"].update(dict.fromkeys(seen.identifiers))
        account["person_names"].update(dict.fromkeys(seen.person_names))

    def line(self) -> Line:
        """The finding, checked like a native one."""
        if self.errors:
            return refused(self.number, self.source, *self.errors[:_MOST_ERRORS])
        self.fields.get("windows", []).sort(key=lambda window: window.start)
        plain = msgspec.to_builtins(
            {**self.fields, "cluster": self.cluster, "accounts": self._accounts()}
        )
        finding = self.read(plain, Finding)
        if finding is None:
            return refused(self.number, self.source, *self.errors)
        return checked(self.number, finding, self.source)

    def _accounts(self) -> list[dict[str, Any]]:
        loose = list(self.unassigned)
        for first in range(0, len(loose), _ACCOUNT_IDENTIFIERS):
            ref = f"unassigned-{first // _ACCOUNT_IDENTIFIERS + 1}"
            some = loose[first : first + _ACCOUNT_IDENTIFIERS]
            self.account(ref)["identifiers"].update(dict.fromkeys(some))
        lists = ("identifiers", "person_names")
        return [
            {**each, **{name: list(each[name]) for name in lists}}
            for each in self.accounts.values()
        ]
