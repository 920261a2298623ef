"""What is kept of submissions: sealed, bound to its place, for its time."""

from datetime import UTC, datetime, timedelta

import pytest

from indicators import pipeline
from indicators.detections.errors import NotOpened
from indicators.detections.identifiers.sealing import reencrypt, rotate_data_key
from indicators.detections.submissions import pieces, standing
from indicators.models import AuditEvent, DataKey, Piece, PieceRole
from tests.contributing.working import work
from tests.detections.submissions.author import Author

pytestmark = pytest.mark.django_db


def test_a_piece_opens_nowhere_but_in_its_place(ana: Author) -> None:
    pieces.write(ana.id, PieceRole.PASTED, b"one@example.org")
    Piece.objects.filter(role=PieceRole.PASTED).update(role=PieceRole.UPLOADED)
    with pytest.raises(NotOpened):
        pieces.read(ana.id, PieceRole.UPLOADED)


def test_pieces_move_to_the_new_key_when_it_is_rotated(ana: Author) -> None:
    ana.paste("one@example.org")
    rotate_data_key()
    while reencrypt():
        """There is more."""
    current = DataKey.objects.get(purpose="identifiers", retired_at=None)
    assert {each.data_key_id for each in Piece.objects.all()} == {current.pk}
    assert pieces.read(ana.id, PieceRole.PASTED) == b"one@example.org"


def test_a_shorter_content_leaves_no_rest_of_a_longer_one(ana: Author) -> None:
    pieces.write(ana.id, PieceRole.PASTED, b"x" * (pieces.PIECE_BYTES + 1))
    pieces.write(ana.id, PieceRole.PASTED, b"y")
    assert pieces.read(ana.id, PieceRole.PASTED) == b"y"


def test_identifiers_that_nobody_touched_for_their_time_are_destroyed(ana: Author) -> None:
    ana.paste("one@example.org")
    assert standing.destroy_evidence(datetime.now(UTC) - timedelta(days=1)) == 0
    assert standing.destroy_evidence(datetime.now(UTC) + timedelta(days=1)) == 1
    assert pieces.read(ana.id, PieceRole.PASTED) == b""


def test_a_check_that_was_lost_is_sent_again(ana: Author) -> None:
    ana.paste("one@example.org")
    work()
    assert ana.submission.checked_version == 1


def test_reading_identifiers_is_written_down(ana: Author) -> None:
    ana.paste("one@example.org")
    work()
    read = AuditEvent.objects.filter(act="read identifiers", subject=f"submission {ana.id}")
    assert [each.detail["count"] for each in read] == [1]


def test_a_check_that_comes_twice_brings_nothing_in_twice(ana: Author) -> None:
    ana.paste("one@example.org")
    ana.prepare()
    pipeline.check_submission(ana.id)
    assert ana.submission.revision == 1


def test_identifiers_that_are_gone_are_asked_for_again(ana: Author) -> None:
    ana.paste("one@example.org")
    work()
    standing.destroy_evidence(datetime.now(UTC) + timedelta(days=1))
    ana.prepare()
    assert "destroyed" in ana.submission.failure
