"""The store against a model in memory: random admissions, withdrawals, erasures, and every read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from indicators.models import Collection, Member
from indicators.store import feed
from indicators.store.admission import admit
from indicators.store.errors import NotTheOwner, UnknownObject
from indicators.store.judgement import Verdict
from indicators.store.withdrawal import erase, withdraw
from tests.objects import START, domain_name, id_of, indicator, malware, moment, stix_objects
from tests.store.witness import EVERY, LATEST, rows, sound, walk

pytestmark = pytest.mark.django_db

VERSIONS = range(4)
KEYS = ("i0", "i1", "i2", "m0", "m1", "d0")


def _object(key: str, version: int, content: int, revoked: bool) -> dict[str, Any]:
    if key[0] == "d":
        return domain_name(f"{key}.example", defanged=bool(content))
    make = {"i": indicator, "m": malware}[key[0]]
    marks = {"revoked": True} if revoked else {}
    return make(key, version=version, name=f"content {content}", **marks)


IDS = {key: _object(key, 0, 0, False)["id"] for key in KEYS}
OBJECTS = st.builds(
    _object,
    st.sampled_from(KEYS),
    st.sampled_from(VERSIONS),
    st.sampled_from([0, 0, 0, 1]),
    st.sampled_from([False, False, False, False, True]),
)
SELECTED_VERSIONS = st.builds(
    feed.Versions,
    latest=st.booleans(),
    first=st.booleans(),
    every=st.sampled_from([False, False, False, True]),
    exact=st.lists(
        st.sampled_from([moment(v) for v in (*VERSIONS, 9)]), unique=True, max_size=2
    ).map(tuple),
)
SELECTIONS = st.builds(
    feed.Selection,
    ids=st.lists(
        st.sampled_from([*IDS.values(), id_of("indicator", "unknown")]), unique=True, max_size=3
    ).map(tuple),
    types=st.lists(
        st.sampled_from(["indicator", "malware", "domain-name", "campaign"]),
        unique=True,
        max_size=3,
    ).map(tuple),
    versions=SELECTED_VERSIONS,
)


@dataclass
class Listed:
    """An entry of the model's feed."""

    seq: int
    stix_id: str
    version: datetime
    body: bytes

    @property
    def type(self) -> str:
        return self.stix_id.partition("--")[0]


@dataclass
class Model:
    """What the store should do, in the plainest words."""

    feeds: list[list[Listed]] = field(default_factory=lambda: [[], []])
    sizes: list[int] = field(default_factory=lambda: [0, 0])
    bodies: dict[tuple[str, datetime], bytes | None] = field(default_factory=dict)
    owners: dict[str, Member | None] = field(default_factory=dict)
    senders: dict[str, Member] = field(default_factory=dict)
    revoked: dict[str, datetime] = field(default_factory=dict)
    withdrawn: set[tuple[int, str, datetime]] = field(default_factory=set)

    def expect(self, where: int, member: Member, obj: Any, version: datetime) -> Verdict:
        place = (obj.id, version)
        owner = self.owners.get(obj.id, member)
        if place in self.bodies:
            if self.bodies[place] is None:
                return Verdict.REFUSED
            if self.bodies[place] == obj.body:
                if any((e.stix_id, e.version) == place for e in self.feeds[where]):
                    return Verdict.DUPLICATE
                gone = (where, *place) in self.withdrawn
                return Verdict.REFUSED if gone and owner not in (None, member) else Verdict.ADDED
        if owner not in (None, member):
            return Verdict.REFUSED
        if place in self.bodies:
            return Verdict.CONTRADICTED
        if version > self.revoked.get(obj.id, version):
            return Verdict.REFUSED
        return Verdict.ADDED

    def add(self, where: int, member: Member, obj: Any, version: datetime) -> None:
        self.bodies[obj.id, version] = obj.body
        self.owners.setdefault(obj.id, None if obj.created is None else member)
        self.senders.setdefault(obj.id, member)
        if obj.revoked:
            self.revoked[obj.id] = min(version, self.revoked.get(obj.id, version))
        self.feeds[where].append(Listed(self.sizes[where], obj.id, version, obj.body))
        self.sizes[where] += 1

    def selected(self, where: int, selection: feed.Selection) -> list[Listed]:
        wanted = selection.versions
        found = []
        for entry in self.feeds[where]:
            mine = [e.version for e in self.feeds[where] if e.stix_id == entry.stix_id]
            if (
                (not selection.ids or entry.stix_id in selection.ids)
                and (not selection.types or entry.type in selection.types)
                and (
                    wanted.every
                    or (wanted.latest and entry.version == max(mine))
                    or (wanted.first and entry.version == min(mine))
                    or entry.version in wanted.exact
                )
            ):
                found.append(entry)
        return found

    def remove(self, where: int, gone: list[Listed]) -> None:
        self.withdrawn |= {(where, e.stix_id, e.version) for e in gone}
        self.feeds[where] = [e for e in self.feeds[where] if e not in gone]


class StoreMachine(RuleBasedStateMachine):
    collections: tuple[Collection, Collection]
    members: tuple[Member, Member]

    def __init__(self) -> None:
        super().__init__()
        self.run = transaction.atomic()
        self.run.__enter__()
        self.model = Model()
        self.clock = START

    def teardown(self) -> None:
        try:
            for where, collection in enumerate(self.collections):
                custody = sound(collection)
                assert custody.served == len(self.model.feeds[where])
                assert custody.size == self.model.sizes[where]
        finally:
            transaction.set_rollback(True)
            self.run.__exit__(None, None, None)

    @rule(
        where=st.sampled_from([0, 1]),
        who=st.sampled_from([0, 0, 0, 1]),
        values=st.lists(OBJECTS, min_size=1, max_size=5),
        elapsed=st.sampled_from([-3600, 0, 1]),
    )
    def admit(self, where: int, who: int, values: list[dict[str, Any]], elapsed: int) -> None:
        self.clock += timedelta(seconds=elapsed)
        objects = stix_objects(values)
        member = self.members[who]
        outcomes = admit(self.collections[where], member, objects, now=self.clock)
        for obj, outcome in zip(objects, outcomes, strict=True):
            stored = [version for stix_id, version in self.model.bodies if stix_id == obj.id]
            version = obj.version or (stored[0] if stored else outcome.version)
            assert outcome.verdict == self.model.expect(where, member, obj, version), outcome
            if outcome.verdict is Verdict.ADDED:
                self.model.add(where, member, obj, version)

    @rule(
        where=st.sampled_from([0, 1]),
        who=st.sampled_from([0, 0, 1]),
        key=st.sampled_from(KEYS),
        versions=SELECTED_VERSIONS,
    )
    def withdraw(self, where: int, who: int, key: str, versions: feed.Versions) -> None:
        stix_id, member = IDS[key], self.members[who]
        selection = feed.Selection(ids=(stix_id,), versions=versions)
        gone = self.model.selected(where, selection)
        try:
            count = withdraw(self.collections[where], member, stix_id, selection, "")
        except UnknownObject:
            assert not any(e.stix_id == stix_id for e in self.model.feeds[where])
        except NotTheOwner:
            assert member != (self.model.owners[stix_id] or self.model.senders[stix_id])
        else:
            assert member == (self.model.owners[stix_id] or self.model.senders[stix_id])
            assert count == len(gone)
            self.model.remove(where, gone)

    @rule(key=st.sampled_from(KEYS), really=st.sampled_from([False, False, True]))
    def erase(self, key: str, really: bool) -> None:
        stix_id = IDS[key]
        stored = [p for p, body in self.model.bodies.items() if p[0] == stix_id and body]
        if not (really and stored):
            return
        assert erase(stix_id, "law") == len(stored)
        for where in (0, 1):
            every = feed.Selection(ids=(stix_id,), versions=feed.Versions(every=True))
            self.model.remove(where, self.model.selected(where, every))
        self.model.bodies |= dict.fromkeys(stored)

    @rule(where=st.sampled_from([0, 1]), selection=SELECTIONS, limit=st.integers(1, 4))
    def read(self, where: int, selection: feed.Selection, limit: int) -> None:
        found = [
            Listed(row.seq, row.stix_id, row.version, row.body or b"")
            for row in rows(self.collections[where], selection, page=limit)
        ]
        assert found == self.model.selected(where, selection)

    @rule(
        where=st.sampled_from([0, 1]),
        selection=SELECTIONS,
        after=st.integers(-1, 12),
        until=st.integers(-1, 12),
    )
    def read_a_part(self, where: int, selection: feed.Selection, after: int, until: int) -> None:
        page = feed.read_page(
            self.collections[where].pk, selection, after=after, until=until, limit=2, bodies=False
        )
        expected = [e for e in self.model.selected(where, selection) if after < e.seq <= until]
        assert [row.seq for row in page.rows] == [e.seq for e in expected[:2]]
        assert page.more == (len(expected) > 2)
        assert all(row.body is None for row in page.rows)
        contents = feed.read_contents(
            self.collections[where].pk, selection, after=after, until=until, limit=2
        )
        assert contents.objects == b",".join(e.body for e in expected[:2])
        assert (contents.seqs, contents.more) == (tuple(r.seq for r in page.rows), page.more)

    @invariant()
    def everybodys_pages_hold_what_the_feed_holds(self) -> None:
        for where, collection in enumerate(self.collections):
            for selection in (LATEST, EVERY):
                expected = [e.stix_id for e in self.model.selected(where, selection)]
                assert walk(collection, selection) == expected

    @rule()
    def dates_lead_to_positions(self) -> None:
        for collection in self.collections:
            listed = rows(collection)
            assert all(a.date_added < b.date_added for a, b in pairwise(listed))
            for row in listed:
                assert feed.position_after(collection.pk, row.date_added) == row.seq


def test_the_store_does_what_the_model_says(
    forum: Collection, annex: Collection, alder: Member, birch: Member, settings: Any
) -> None:
    settings.PAGE_SIZE = 2

    class Machine(StoreMachine):
        collections = (forum, annex)
        members = (alder, birch)

    run_state_machine_as_test(
        Machine,
        settings=hypothesis_settings(
            max_examples=20,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize(
    "selection",
    [feed.Selection(versions=feed.Versions(latest=False)), feed.Selection(nothing=True)],
    ids=["no version", "a filter none meets"],
)
def test_a_selection_of_nothing_finds_nothing(
    forum: Collection, alder: Member, selection: feed.Selection
) -> None:
    admit(forum, alder, stix_objects([indicator("a")]))
    assert rows(forum, selection) == []
