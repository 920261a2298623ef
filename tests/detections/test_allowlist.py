"""Who is on an allow list, however the identifier is spelled."""

from uuid import uuid4

import pytest

from federation.errors import NotNormalizable
from federation.pseudonyms.normalize import normalize
from indicators.detections.errors import AlreadyAllowed, NotAllowed
from indicators.detections.identifiers import allowlist
from indicators.models import Allowed, AuditEvent
from tests.detections.intake import identifiers

pytestmark = pytest.mark.django_db


def allow(kind: str, value: str) -> Allowed:
    return allowlist.add(kind, value, reason="An evaluation vendor", actor="ana")


def allows(kind: str, value: str) -> bool:
    [identifier] = identifiers((kind, value))
    return allowlist.load().allows(identifier, normalize(kind, value, region=None))


@pytest.mark.parametrize(
    ("entry", "seen"),
    [
        (("email", "Ana@Example.org"), ("email", "ana@example.org")),
        (("email", "a.na@gmail.com"), ("email", "ana+eval@googlemail.com")),
        (("email-domain", "Example.org"), ("email", "ben@example.org")),
        (("ip", "192.0.2.7"), ("ip", "192.0.2.7")),
        (("ip", "192.0.2.7"), ("ip", "::ffff:192.0.2.7")),
        (("ip", "2001:db8::7"), ("ip", "2001:0db8:0::7")),
        (("network", "192.0.2.0/24"), ("ip", "192.0.2.200")),
        (("network", "2001:db8::/32"), ("ip", "2001:db8:5::1")),
        (("phone", "+12025550123"), ("phone", "+1 202 555 0123")),
        (("device", "dev-1"), ("device", "dev-1")),
        (("organisation", "Eval Ltd"), ("organisation", "EVAL  ltd")),
    ],
)
def test_an_entry_covers(entry: tuple[str, str], seen: tuple[str, str]) -> None:
    allow(*entry)
    assert allows(*seen)


@pytest.mark.parametrize(
    ("entry", "seen"),
    [
        (("email", "ana@example.org"), ("email", "ben@example.org")),
        (("email-domain", "example.org"), ("email", "ben@evil-example.org")),
        (("email-domain", "example.org"), ("domain", "example.org")),
        (("ip", "192.0.2.7"), ("ip", "192.0.2.8")),
        (("ip", "2001:db8::7"), ("ip", "2001:db8::8")),
        (("network", "192.0.2.0/24"), ("ip", "192.0.3.1")),
        (("device", "192.0.2.7"), ("ip", "192.0.2.7")),
    ],
)
def test_an_entry_covers_nothing_else(entry: tuple[str, str], seen: tuple[str, str]) -> None:
    allow(*entry)
    assert not allows(*seen)


def test_an_empty_list_allows_nobody() -> None:
    assert not allows("ip", "192.0.2.7")


def test_a_removed_entry_holds_no_longer() -> None:
    entry = allow("device", "dev-1")
    assert allows("device", "dev-1")
    allowlist.remove(entry.pk, actor="ben")
    assert not allows("device", "dev-1")


def test_an_entry_is_stored_sealed() -> None:
    entry = Allowed.objects.get(pk=allow("device", "dev-secret").pk)
    assert b"dev-secret" not in bytes(entry.sealed)


def test_another_spelling_of_an_entry_is_refused() -> None:
    allow("email", "a.na@gmail.com")
    with pytest.raises(AlreadyAllowed, match="on the allow list already"):
        allow("email", "ana@gmail.com")


def test_an_unusable_entry_is_refused_without_showing_it() -> None:
    with pytest.raises(NotNormalizable) as refused:
        allow("network", "192.0.2.7/24")
    assert "192.0.2.7" not in str(refused.value)


def test_removing_what_is_not_there_says_so() -> None:
    with pytest.raises(NotAllowed):
        allowlist.remove(uuid4(), actor="ana")


def test_additions_and_removals_are_audited() -> None:
    entry = allow("device", "dev-1")
    allowlist.remove(entry.pk, actor="ben")
    told = AuditEvent.objects.order_by("pk").values_list("actor", "act", "subject")
    assert list(told) == [
        ("ana", "allow", f"allowed/{entry.pk}"),
        ("ben", "disallow", f"allowed/{entry.pk}"),
    ]


def test_the_audit_log_does_not_hold_the_entry() -> None:
    allow("device", "dev-secret")
    assert "dev-secret" not in str(AuditEvent.objects.values())
