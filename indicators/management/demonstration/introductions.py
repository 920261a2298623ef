"""How four nodes get to know each other: the commands, in the order in which they are needed.

1. At home: everybody says who they are and who works there, opens collections and registers a
   detector.
2. Acquaintance: everybody adds everybody's node, compares the fingerprint with the one that its
   administrator reads out, and says what the other may read.
3. Subscriptions: the hub pulls from all and relays to all, and publishes the public reports;
   Alder and Birch also pull from each other. What they answer goes where their findings go.

A round begins when the one before it is done everywhere.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from indicators.local.places import CHECKOUT
from indicators.management.demonstration.cast import (
    ALDER,
    BIRCH,
    CAST,
    FORUM,
    WITH_CUSTOMERS,
    Organization,
)
from indicators.management.demonstration.desk import PASSWORD, Desk
from indicators.management.demonstration.stage import Stage

#: Who works at each organization. What one writes another decides.
PEOPLE = {"ana": ("analyst", "administrator"), "rae": ("analyst", "reviewer")}
FINDINGS, EXCHANGE, PUBLIC = "findings", "exchange", "public"
MEMBERS_ONLY = ("--audience", "members", "--require-signatures")
REPORTS = CHECKOUT / "tests" / "vectors" / "stix" / "public-reports.json"
#: Who pulls from whom without the hub.
DIRECT = ((ALDER, BIRCH), (BIRCH, ALDER))

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What an administrator tells the others, not over the network."""

    fingerprint: str
    request_key: str


def introduce(stage: Stage, desks: Mapping[str, Desk]) -> None:
    """All three rounds; raises NotDone."""
    make_keys(stage)
    with ThreadPoolExecutor(len(CAST)) as pool:

        def everybody(act: Callable[[Organization, Desk], Done]) -> dict[str, Done]:
            work = {who.name: pool.submit(act, who, desks[who.name]) for who in CAST}
            return {name: each.result() for name, each in work.items()}

        spoken = everybody(lambda who, desk: at_home(stage, who, desk))
        everybody(lambda who, desk: get_acquainted(stage, who, desk, spoken))
        everybody(subscribe)


def make_keys(stage: Stage) -> None:
    """Before two who look for the same one both make it."""
    for who in WITH_CUSTOMERS:
        stage.key_file(detector(who), who)
    for reader in CAST:
        for where in CAST:
            if reader is not where:
                stage.key_file(reader.slug, where)


def at_home(stage: Stage, who: Organization, desk: Desk) -> Spoken:
    desk.rows("member", "self", who.name, "--sector", who.sector)
    for name, roles in PEOPLE.items():
        given = [word for role in roles for word in ("--role", role)]
        desk.rows("person", "add", name, *given, "--password-from", PASSWORD)
    if who.is_hub:
        _open(desk, "What all members share", EXCHANGE, *MEMBERS_ONLY)
        # The reports are not signed by those whom they come from.
        _open(desk, "Public knowledge", PUBLIC, "--audience", "public")
    else:
        _open(desk, f"Findings of {who.name}", FINDINGS, *MEMBERS_ONLY)
        watch = detector(who)
        policy = ("--policy", "publish", "--tlp", "green")
        desk.rows("detector", "add", watch, *policy, "--collection", FINDINGS)
        scopes = ("--scope", "ingest", "--scope", "feedback")
        _let_in(stage, who, desk, who.name, watch, *scopes, "--detector", watch)
    return _spoken(desk)


def get_acquainted(
    stage: Stage, who: Organization, desk: Desk, spoken: Mapping[str, Spoken]
) -> None:
    for other in CAST:
        if other is not who:
            _add(stage, who, desk, other, spoken[other.name])


def subscribe(who: Organization, desk: Desk) -> None:
    if who.is_hub:
        for other in WITH_CUSTOMERS:
            desk.rows("peer", "subscribe", other.name, "--all")
            desk.rows("peer", "relay", "--from", other.name, "--to", EXCHANGE)
        if REPORTS.exists():
            desk.say("import", str(REPORTS), "--collection", PUBLIC)
        return
    sources = [FORUM.name, *(source.name for reader, source in DIRECT if reader is who)]
    for source in sources:
        desk.rows("peer", "subscribe", source, "--all", "--answers", FINDINGS)


def detector(who: Organization) -> str:
    return f"{who.slug}-watch"


def reads(who: Organization) -> Sequence[str]:
    """The collections that a node grants to its peers, by alias."""
    return (EXCHANGE, PUBLIC) if who.is_hub else (FINDINGS,)


def _open(desk: Desk, title: str, alias: str, *more: str) -> None:
    desk.rows("collection", "create", title, "--alias", alias, *more)


def _add(stage: Stage, who: Organization, desk: Desk, other: Organization, told: Spoken) -> None:
    ours = ("--user", f"{who.slug}-node", "--key-file", str(stage.key_file(who.slug, other)))
    address = ("--allow-private", "--sector", other.sector)
    desk.rows("peer", "add", stage.url(other), *ours, *address)
    desk.rows("peer", "confirm", other.name, told.fingerprint)
    scopes = ["--scope", "feed"]
    if who.is_hub:
        scopes += ["--scope", "tokens"]
    signs = ("--public-key", told.request_key)
    _let_in(stage, who, desk, other.name, f"{other.slug}-node", *scopes, *signs, key=other.slug)
    for alias in reads(who):
        desk.rows("collection", "grant", alias, other.name, "--read")


def _let_in(
    stage: Stage, where: Organization, desk: Desk, member: str, user: str, *more: str, key: str = ""
) -> None:
    file = stage.key_file(key or user, where)
    desk.rows("credential", "create", member, user, "--key-file", str(file), *more)


def _spoken(desk: Desk) -> Spoken:
    keys = desk.rows("key", "list")
    request = next(each for each in keys if each["purpose"] == "request")
    return Spoken(desk.rows("key", "fingerprint")[0]["fingerprint"], str(request["public_key"]))
