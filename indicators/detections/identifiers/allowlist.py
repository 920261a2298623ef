"""Allow lists: identifiers of research programmes and evaluation vendors, applied before all else.

An account that has one is nobody's campaign: none of its identifiers is tokenized or shared.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.db import transaction
from django.db.utils import IntegrityError

from federation.errors import NotNormalizable
from federation.pseudonyms.normalize import INPUT_KINDS, Normalized, normalize
from indicators.detections.audit import record, record_each
from indicators.detections.errors import AlreadyAllowed, NotAllowed
from indicators.detections.finding import Identifier
from indicators.detections.identifiers.sealing import Sealer, open_sealer, place
from indicators.models import Allowed
from indicators.store.sql import open_cursor

EMAIL_DOMAIN = "email-domain"
NETWORK = "network"
KINDS = (*INPUT_KINDS, EMAIL_DOMAIN, NETWORK)

# Entries are added and removed, never changed: the same ids are the same list.
_STATE = "SELECT count(*), coalesce(sum(hashtextextended(id::text, 0)), 0) FROM indicators_allowed"
_ENTRIES = "SELECT id, kind, data_key_id, sealed FROM indicators_allowed"

# An IP address is compared as a network of one; a network by its version, prefix length and bits.
_Network = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class AllowList:
    """The list, opened. `lengths`: the (version, prefix length) pairs that networks have."""

    values: frozenset[tuple[str, str]]
    domains: frozenset[str]
    networks: frozenset[_Network]
    lengths: tuple[tuple[int, int], ...]

    def allows(self, identifier: Identifier, normalized: Iterable[Normalized]) -> bool:
        """Whether the identifier, of these normalized values, is on the list."""
        if identifier.kind == "ip":
            return bool(self.lengths) and self._allows_address(identifier.value)
        for each in normalized:
            if (each.kind, each.value) in self.values:
                return True
            if each.kind == "email" and each.value.rpartition("@")[2] in self.domains:
                return True
        return False

    def _allows_address(self, value: str) -> bool:
        version, bits, size = _address(value)
        return any(
            (version, length, bits >> (size - length)) in self.networks
            for each, length in self.lengths
            if each == version
        )


def load() -> AllowList:
    """The list as it is now; opened once for each state that it is in."""
    with open_cursor() as cursor:
        [state] = cursor.execute(_STATE).fetchall()
    return _open(state)


def add(kind: str, value: str, *, reason: str, actor: str, region: str | None = None) -> Allowed:
    """Put an identifier, an `email-domain` or a `network` (CIDR) on the list, and write it down.

    Raises NotNormalizable with the cure, AlreadyAllowed.
    """
    entry = _sealed(open_sealer(), kind, _canonical(kind, value, region), reason, actor)
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
            record(actor, "allow", f"allowed/{entry.pk}", kind=kind, reason=reason)
    except IntegrityError as error:
        raise AlreadyAllowed(f"This {kind} is on the allow list already.") from error
    return entry


def add_all(
    named: Iterable[tuple[str, str]], *, reason: str, actor: str, region: str | None = None
) -> int:
    """Put many (kind, value) on the list, and write each down; how many were not on it yet.

    All or nothing, in as many statements as for one kind each. Raises NotNormalizable.
    """
    sealer = open_sealer()
    entries: dict[bytes, Allowed] = {}
    for kind, value in named:
        entry = _sealed(sealer, kind, _canonical(kind, value, region), reason, actor)
        entries.setdefault(bytes(entry.digest), entry)
    with transaction.atomic(), open_cursor() as cursor:
        # Who adds the same at once waits here: what is counted and written down is what was added.
        cursor.execute("LOCK TABLE indicators_allowed IN SHARE ROW EXCLUSIVE MODE")
        held = Allowed.objects.filter(digest__in=entries).values_list("digest", flat=True)
        known = {bytes(digest) for digest in held}
        fresh = [entry for digest, entry in entries.items() if digest not in known]
        Allowed.objects.bulk_create(fresh)
        for kind in {entry.kind for entry in fresh}:
            subjects = [f"allowed/{entry.pk}" for entry in fresh if entry.kind == kind]
            record_each(actor, "allow", subjects, kind=kind, reason=reason)
    return len(fresh)


def check(kind: str, value: str, region: str | None = None) -> None:
    """Raises NotNormalizable, with the cure, for what can't be put on the list."""
    _canonical(kind, value, region)


def _sealed(sealer: Sealer, kind: str, canonical: str, reason: str, actor: str) -> Allowed:
    entry = Allowed(kind=kind, reason=reason, added_by=actor)
    entry.digest = sealer.digest("allowed", f"{kind}\0{canonical}".encode())
    bound = place("allowed", entry.pk)
    entry.data_key_id, entry.sealed = sealer.seal(canonical.encode(), bound)
    entry.full_clean(exclude=["digest", "data_key"], validate_unique=False)
    return entry


def remove(entry_id: UUID, *, actor: str) -> None:
    """Take an entry off the list, and write it down; raises NotAllowed if there is none."""
    with transaction.atomic():
        entry = Allowed.objects.filter(pk=entry_id).first()
        if entry is None:
            raise NotAllowed(f"The allow list has no entry {entry_id}; `allow list` shows them.")
        entry.delete()
        record(actor, "disallow", f"allowed/{entry_id}", kind=entry.kind, reason=entry.reason)


def open_entries(sealer: Sealer) -> Mapping[UUID, tuple[str, str]]:
    """Every entry's kind and value, by id. For code; people read them through `reveal`."""
    with open_cursor(binary=True) as cursor:
        rows = cursor.execute(_ENTRIES).fetchall()
    return {
        entry: (kind, sealer.unseal(key, sealed, place("allowed", entry)).decode())
        for entry, kind, key, sealed in rows
    }


@lru_cache(maxsize=1)
def _open(state: tuple[int, int]) -> AllowList:
    entries = open_entries(open_sealer()).values() if state[0] else ()
    networks = frozenset(_network(value) for kind, value in entries if kind in ("ip", NETWORK))
    return AllowList(
        frozenset(
            (_compared_as(kind), value) for kind, value in entries if kind not in _NOT_VALUES
        ),
        frozenset(value for kind, value in entries if kind == EMAIL_DOMAIN),
        networks,
        tuple(sorted({(version, length) for version, length, _ in networks})),
    )


_NOT_VALUES = ("ip", NETWORK, EMAIL_DOMAIN)


def _compared_as(kind: str) -> str:
    """An email stands for its mailbox, whatever the dots and tags."""
    return "email-canonical" if kind == "email" else kind


def _canonical(kind: str, value: str, region: str | None) -> str:
    match kind:
        case "network":
            return _checked_network(value)
        case "email-domain":
            return normalize("domain", value)[0].value
        case "ip":
            normalize(kind, value)
            version, bits, size = _address(value)
            return _written((version, size, bits))
    found = {each.kind: each.value for each in normalize(kind, value, region=region)}
    return found[_compared_as(kind)]


def _checked_network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value.strip()))
    except ValueError:
        raise NotNormalizable(
            "A network is written in CIDR, with no bit set behind its prefix."
        ) from None


def _address(value: str) -> tuple[int, int, int]:
    """(version, bits, how many) of an address; an IPv4-mapped one is IPv4."""
    address = ipaddress.ip_address(value.strip())
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.version, int(address), address.max_prefixlen


def _network(value: str) -> _Network:
    network = ipaddress.ip_network(value)
    host_bits = network.max_prefixlen - network.prefixlen
    return network.version, network.prefixlen, int(network.network_address) >> host_bits


def _written(network: _Network) -> str:
    version, length, bits = network
    make = ipaddress.IPv4Network if version == 4 else ipaddress.IPv6Network
    return str(make((bits, length)))
