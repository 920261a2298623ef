"""Whatever is changed behind the store's back is found."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from federation.errors import LogDamaged
from federation.models import Peer, PeerLog, Subscription
from indicators.models import Audience, Collection, Grant, Member, Sector
from indicators.store import feed
from indicators.store.custody import (
    check_custody,
    ensure_own_member,
    grant_access,
    open_collection,
    relaying_logs,
)
from indicators.store.errors import LogMismatch, OutsideAudience
from indicators.store.withdrawal import withdraw
from tests.objects import id_of, indicator, malware
from tests.store.witness import execute, post, sound

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(forum: Collection, alder: Member) -> Collection:
    """Seven entries: two objects of three versions each, and one that was withdrawn."""
    post(forum, alder, *(indicator(key, version=n) for n in range(3) for key in "ab"))
    post(forum, alder, malware("gone"))
    gone = id_of("malware", "gone")
    withdraw(forum, alder, gone, feed.Selection(ids=(gone,)), "mistake")
    return forum


DAMAGES = {
    "a byte of a body": """
        UPDATE indicators_objectversion SET body = set_byte(body, 40, get_byte(body, 40) # 1)
        WHERE id = (SELECT object_version_id FROM indicators_entry WHERE seq = 3)""",
    "a byte of a withdrawn body": """
        UPDATE indicators_objectversion SET body = set_byte(body, 40, get_byte(body, 40) # 1)
        WHERE type = 'malware'""",
    "a hash": """
        UPDATE indicators_objectversion SET sha256 = sha256(sha256)
        WHERE id = (SELECT object_version_id FROM indicators_entry WHERE seq = 3)""",
    "a body and its hash": """
        UPDATE indicators_objectversion SET body = 'x', sha256 = sha256('x')
        WHERE id = (SELECT object_version_id FROM indicators_entry WHERE seq = 3)""",
    "a body that is missing": """
        UPDATE indicators_objectversion SET body = NULL, erased_at = now()
        WHERE id = (SELECT object_version_id FROM indicators_entry WHERE seq = 3)""",
    "an entry deleted": "DELETE FROM indicators_entry WHERE seq = 3",
    "the last entry deleted": "DELETE FROM indicators_entry WHERE seq = 5",
    "a withdrawal deleted": "DELETE FROM indicators_withdrawal",
    "two entries swapped": """
        UPDATE indicators_entry e SET object_version_id = o.object_version_id
        FROM indicators_entry o WHERE e.seq IN (2, 3) AND o.seq = 5 - e.seq""",
    "an entry moved": "UPDATE indicators_entry SET seq = 1000 WHERE seq = 3",
    "an entry behind the log": """
        INSERT INTO indicators_entry
        SELECT collection_id, 7, date_added + interval '1 day', object_version_id, 'malware--x',
               type, version, true, true
        FROM indicators_entry WHERE seq = 5""",
    "an entry under another id": """
        UPDATE indicators_entry SET stix_id = 'indicator--x' WHERE seq = 3""",
    "an entry of another type": "UPDATE indicators_entry SET type = 'malware' WHERE seq = 3",
    "an entry of another version": """
        UPDATE indicators_entry SET version = version - interval '1 us' WHERE seq = 3""",
    "dates out of order": """
        UPDATE indicators_entry SET date_added = date_added - interval '1 day' WHERE seq = 3""",
    "a latest version hidden": "UPDATE indicators_entry SET is_latest = false WHERE seq = 5",
    "a superseded version shown": "UPDATE indicators_entry SET is_latest = true WHERE seq = 3",
    "a first version hidden": "UPDATE indicators_entry SET is_first = false WHERE seq = 1",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_behind_the_stores_back_is_found(kept: Collection, damage: str) -> None:
    assert sound(kept).size == 7
    execute(damage)
    with pytest.raises(LogMismatch, match="Restore them from a backup"):
        sound(kept)


def test_damage_names_its_place(kept: Collection) -> None:
    execute(DAMAGES["a byte of a body"])
    with pytest.raises(LogMismatch, match=r"Forum: entry 3 of the log"):
        sound(kept)


def test_entries_swapped_with_all_they_repeat_are_found(kept: Collection) -> None:
    """Everything that an entry says is swapped, its sequence number and date excepted."""
    execute(
        "CREATE TEMPORARY TABLE both_of_them ON COMMIT DROP AS"
        " SELECT * FROM indicators_entry WHERE seq IN (2, 3)"
    )
    execute("DELETE FROM indicators_entry WHERE seq IN (2, 3)")
    execute(
        "UPDATE both_of_them SET seq = 5 - seq, date_added = (SELECT o.date_added"
        " FROM both_of_them o WHERE o.seq = 5 - both_of_them.seq)"
    )
    execute("INSERT INTO indicators_entry SELECT * FROM both_of_them")
    with pytest.raises(LogMismatch, match="entry 2"):
        sound(kept)


def test_a_log_rewritten_to_fit_the_tables_is_found(kept: Collection) -> None:
    execute(DAMAGES["a body and its hash"])
    execute("""
        UPDATE federation_tile SET content = overlay(content PLACING sha256('x') FROM 97 FOR 32)
        WHERE level = 0""")
    assert check_custody(kept, 7).size == 7
    with pytest.raises(LogDamaged, match="another root"):
        sound(kept)


def test_what_is_appended_meanwhile_is_not_looked_at(kept: Collection, alder: Member) -> None:
    post(kept, alder, indicator("later"))
    assert check_custody(kept, 7).size == 7


def test_an_empty_collection_is_sound(forum: Collection) -> None:
    assert (sound(forum).size, sound(forum).served) == (0, 0)


def test_a_body_is_removed_by_erasure_alone(kept: Collection) -> None:
    with pytest.raises(IntegrityError, match="only_erasure_removes_a_body"), transaction.atomic():
        execute("UPDATE indicators_objectversion SET body = NULL")


def test_the_tables_hold_one_content_a_version(kept: Collection) -> None:
    with pytest.raises(IntegrityError, match="one_content_a_version"), transaction.atomic():
        execute("""
            INSERT INTO indicators_objectversion
                   (stix_id, type, version, revoked, sha256, body, contributor_id, received_at)
            SELECT stix_id, type, version, revoked, sha256, 'x', contributor_id, received_at
            FROM indicators_objectversion LIMIT 1""")


def test_a_collection_is_opened_with_a_signed_empty_log(forum: Collection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT size, note FROM federation_signedcheckpoint WHERE log_id = %s", [forum.pk]
        )
        [(size, note)] = cursor.fetchall()
    assert (size, str(forum.pk) in note) == (0, True)


def test_a_collection_that_cannot_be_logged_is_not_opened(
    forum: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("federation.transparency.log.open_log", refuse)
    with pytest.raises(OSError), transaction.atomic():
        open_collection(title="Second")
    assert not Collection.objects.filter(title="Second").exists()


@pytest.mark.parametrize(
    ("audience", "sector", "welcome"),
    [
        (Audience.LABS, Sector.LAB, True),
        (Audience.LABS, Sector.CLOUD, False),
        (Audience.LABS, Sector.HUB, True),
        (Audience.CLOUDS, Sector.LAB, False),
        (Audience.CLOUDS, Sector.CLOUD, True),
        (Audience.MEMBERS, Sector.AUTHORITY, False),
        (Audience.MEMBERS, Sector.CLOUD, True),
        (Audience.NAMED, Sector.AUTHORITY, True),
        (Audience.PUBLIC, Sector.AUTHORITY, True),
    ],
)
def test_reading_is_granted_within_the_audience(
    alder: Member, audience: str, sector: str, welcome: bool
) -> None:
    collection = open_collection(title="One", audience=audience)
    alder.sector = sector
    if welcome:
        assert grant_access(collection, alder, can_read=True, can_write=False).can_read
    else:
        with pytest.raises(OutsideAudience, match="Alder is registered as"):
            grant_access(collection, alder, can_read=True, can_write=False)


def test_a_member_outside_the_audience_may_contribute(alder: Member) -> None:
    collection = open_collection(title="One", audience=Audience.CLOUDS)
    assert grant_access(collection, alder, can_read=False, can_write=True).can_write


def test_a_grant_replaces_the_one_before(forum: Collection, alder: Member) -> None:
    grant_access(forum, alder, can_read=True, can_write=True)
    grant_access(forum, alder, can_read=True, can_write=False)
    assert [grant.can_write for grant in Grant.objects.all()] == [False]


def test_this_node_is_one_member(db: None) -> None:
    assert ensure_own_member() == ensure_own_member()
    assert Member.objects.filter(is_self=True).count() == 1


def test_nobody_is_let_into_an_inbox(open_one: Callable[..., Collection], alder: Member) -> None:
    inbox = open_one(title="From Birch", audience=Audience.NAMED, is_inbox=True)
    with pytest.raises(OutsideAudience, match="inbox"):
        grant_access(inbox, alder, can_read=True, can_write=False)
    with pytest.raises(ValidationError, match="inbox"):
        Grant(collection=inbox, member=alder).full_clean()


def test_where_own_objects_came_back_from_is_known(
    open_one: Callable[..., Collection], alder: Member
) -> None:
    peer = Peer.objects.create(name="Forum", identity_id="identity--forum")
    own = ensure_own_member()
    logs = []
    for title, members in (("echo", [own, alder]), ("others", [alder]), ("empty", [])):
        inbox = open_one(title=title)
        for member in members:
            post(inbox, member, indicator(f"{title} {member.name}"))
        logs.append(PeerLog.objects.create(peer=peer, collection=uuid4(), origin=title))
        Subscription.objects.create(peer=peer, log=logs[-1], url=title, inbox=inbox.pk)
    assert relaying_logs() == [logs[0].pk]
