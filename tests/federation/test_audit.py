"""`verify_log` notices every way in which a stored log can contradict itself."""

from uuid import UUID

import pytest
from django.db import connection

from federation.errors import LogDamaged, UnknownLog
from federation.transparency import log, note
from federation.transparency.audit import verify_head, verify_log
from federation.transparency.checkpoint import Checkpoint

from .test_log import alder, append, entries_of, root_of  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def grown(alder: UUID) -> UUID:  # noqa: F811
    """A log of 70,300 entries in five appends: three levels of tiles, six checkpoints."""
    start = 0
    for count in (1, 299, 69_700, 256, 44):
        append(alder, entries_of(count, start=start))
        start += count
    return alder


def alter(statement: str) -> None:
    """Change the tables as somebody with the database password can."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE federation_signedcheckpoint DISABLE TRIGGER USER")
        cursor.execute(statement)
        assert cursor.rowcount > 0, "the statement changed nothing"


def test_a_sound_log_is_reported(grown: UUID) -> None:
    report = verify_log(grown)
    assert (report.size, report.root) == (70_300, root_of(entries_of(70_300)))
    assert (report.checkpoints, report.signatures) == (6, 6)
    assert report.tiles == 275 + 2 + 1


def test_an_empty_log_is_sound(alder: UUID) -> None:  # noqa: F811
    assert verify_log(alder).size == 0


def test_older_signatures_beyond_the_cap_are_counted_as_unchecked(grown: UUID) -> None:
    report = verify_log(grown, signatures=2)
    assert (report.checkpoints, report.signatures) == (6, 2)


def test_an_unknown_log_is_not_sound() -> None:
    with pytest.raises(UnknownLog):
        verify_log(UUID(int=0))


SWAP = "overlay(content PLACING sha256('mallory') FROM 33)"
DAMAGES = {
    "an entry was replaced": (
        f"UPDATE federation_tile SET content = {SWAP} WHERE level = 0 AND index = 274",
        "another root",
    ),
    "an entry was cut off": (
        "UPDATE federation_tile SET content = substr(content, 1, 1376)"
        " WHERE level = 0 AND index = 274",
        "has 1376 bytes of entries",
    ),
    "a full tile has too much": (
        "UPDATE federation_tile SET content = content || sha256('mallory')"
        " WHERE level = 0 AND index = 3",
        "has 8224 bytes",
    ),
    "a tile of entries is missing": (
        "DELETE FROM federation_tile WHERE level = 0 AND index = 200",
        "Tile 0/200 of log .* is missing",
    ),
    "a full hash tile was altered": (
        f"UPDATE federation_tile SET content = {SWAP} WHERE level = 1 AND index = 0",
        "Tile 1/0",
    ),
    "a full hash tile has too much": (
        "UPDATE federation_tile SET content = content || sha256('mallory')"
        " WHERE level = 1 AND index = 0",
        "Tile 1/0",
    ),
    "a partial hash tile was altered": (
        f"UPDATE federation_tile SET content = {SWAP} WHERE level = 1 AND index = 1",
        "Tile 1/1",
    ),
    "the top tile is missing": (
        "DELETE FROM federation_tile WHERE level = 2",
        "Tile 2/0 of log .* is missing",
    ),
    "the head was set back": (
        "UPDATE federation_log SET size = 300",
        "newest checkpoint was signed for 70300",
    ),
    "the head has another root": (
        "UPDATE federation_log SET root = sha256('mallory')",
        "does not have the root of its entries",
    ),
    "the head has another edge": (
        "UPDATE federation_log SET edge = overlay(edge PLACING sha256('mallory') FROM 1)",
        "does not have the root of its entries",
    ),
    "the newest checkpoint is missing": (
        "DELETE FROM federation_signedcheckpoint WHERE size = 70300",
        "newest checkpoint was signed for 70256",
    ),
    "a signature was altered": (
        "UPDATE federation_signedcheckpoint SET note = regexp_replace(note, '.{5}\\n$',"
        " E'AAA=\\n') WHERE size = 300",
        "size 300",
    ),
    "a checkpoint has another origin": (
        "UPDATE federation_signedcheckpoint SET note = replace(note, 'alder', 'birch')"
        " WHERE size = 300",
        "size 300 has another root",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found(grown: UUID, name: str) -> None:
    statement, words = DAMAGES[name]
    alter(statement)
    with pytest.raises(LogDamaged, match=words):
        verify_log(grown)


def test_a_second_root_signed_with_the_nodes_own_key_is_found(grown: UUID) -> None:
    """Mallory has the key as well: she signs another root for size 300 and puts it in place."""
    head = log.lock(grown)
    forged = note.sign(
        Checkpoint(head.origin, 300, bytes(32)).text(), head.origin, head.key.open()
    ).decode()
    alter(f"UPDATE federation_signedcheckpoint SET note = '{forged}' WHERE size = 300")
    with pytest.raises(LogDamaged, match="rewritten after it was signed"):
        verify_log(grown)


def test_a_checkpoint_that_says_more_than_its_tree_is_found(grown: UUID) -> None:
    """Extension lines can't be audited; a node of ours never signs any."""
    head = log.lock(grown)
    text = Checkpoint(head.origin, 300, root_of(entries_of(300))).text() + "\nmore\n"
    forged = note.sign(text, head.origin, head.key.open()).decode()
    alter(f"UPDATE federation_signedcheckpoint SET note = '{forged}' WHERE size = 300")
    with pytest.raises(LogDamaged, match="says more"):
        verify_log(grown)


def test_a_sound_head_is_the_newest_checkpoint(grown: UUID) -> None:
    assert (verify_head(grown).size, verify_head(grown).root) == (
        70_300,
        root_of(entries_of(70_300)),
    )


def test_a_checkpoint_behind_its_head_is_noticed(grown: UUID) -> None:
    alter("DELETE FROM federation_signedcheckpoint WHERE size = 70300")
    with pytest.raises(LogDamaged, match="70256"):
        verify_head(grown)


def test_a_head_with_another_root_than_its_checkpoint_is_noticed(grown: UUID) -> None:
    alter("UPDATE federation_log SET root = sha256('x')")
    with pytest.raises(LogDamaged, match="another root"):
        verify_head(grown)


def test_a_newest_checkpoint_that_was_altered_is_noticed(grown: UUID) -> None:
    alter("UPDATE federation_signedcheckpoint SET note = replace(note, '70300', '70301')")
    with pytest.raises(LogDamaged):
        verify_head(grown)
