"""What is typed and uploaded in several windows at once, in part, or at great length."""

import re
from collections.abc import Iterator
from unittest import mock

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import encode_multipart

from indicators import pipeline
from indicators.detections.submissions import pieces
from indicators.models import Piece, PieceRole, Submission
from tests.detections.submissions.author import person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def workers() -> Iterator[None]:
    with mock.patch.object(current_app, "send_task"):
        yield


@pytest.fixture
def ana(client: Client) -> User:
    user = person("ana", "analyst")
    client.force_login(user)
    return user


@pytest.fixture
def begun(ana: User) -> str:
    return f"/submissions/{pipeline.begin_submission(ana)}/"


def shown(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def window(page: str) -> dict[str, str]:
    """What a form's page says of itself."""
    return dict(re.findall(r'<input type="hidden" name="(page|shown)" value="([^"]+)"', page))


def two_windows(client: Client, begun: str) -> list[dict[str, str]]:
    return [window(shown(client, f"{begun}edit/")) for _ in range(2)]


def test_a_window_does_not_write_over_what_another_saved(client: Client, begun: str) -> None:
    one, other = two_windows(client, begun)
    client.post(f"{begun}edit/", {"name": "One", "act": "autosave", **one})
    answer = client.post(f"{begun}edit/", {"name": "Other", "act": "autosave", **other})
    assert answer.status_code == 409
    assert 'value="One"' in shown(client, f"{begun}edit/")


def test_a_window_goes_on_saving_what_it_saved_itself(client: Client, begun: str) -> None:
    own = window(shown(client, f"{begun}edit/"))
    for name in ("L", "Lo", "Long"):
        answer = client.post(f"{begun}edit/", {"name": name, "act": "autosave", **own})
        assert answer.status_code == 204


def test_what_a_refused_window_holds_is_kept_by_saving_it_there(client: Client, begun: str) -> None:
    one, other = two_windows(client, begun)
    client.post(f"{begun}edit/", {"name": "One", "act": "save", **one})
    refused = client.post(f"{begun}edit/", {"name": "Other", "act": "save", **other})
    assert 'value="Other"' in refused.content.decode()
    again = window(refused.content.decode())
    client.post(f"{begun}edit/", {"name": "Other", "act": "save", **again})
    assert 'value="Other"' in shown(client, f"{begun}edit/")


def test_pasting_identifiers_writes_over_no_word(client: Client, begun: str) -> None:
    client.post(f"{begun}edit/", {"name": "Kept", "act": "save"})
    client.post(f"{begun}evidence/", {"pasted": "one@example.org", "act": "autosave"})
    assert 'value="Kept"' in shown(client, f"{begun}edit/")


def test_texts_that_are_too_long_are_refused_and_not_lost(client: Client, begun: str) -> None:
    posted = {"name": "Long", "description": "w" * 300_000}
    answer = client.post(f"{begun}edit/", posted)
    assert (answer.status_code, b"w" * 300_000 in answer.content) == (409, True)
    assert client.get("/submissions/").status_code == 200


def test_an_upload_that_was_cut_off_leaves_nothing(client: Client, begun: str) -> None:
    file = SimpleUploadedFile("accounts.csv", b"one@example.org\n" * 1_000)
    whole = encode_multipart("edge", {"file": file})
    form = "multipart/form-data; boundary=edge"
    path = f"{begun}evidence/upload/"
    answer = client.post(path, whole[: len(whole) // 2], form, follow=True)
    assert "There was no whole file" in answer.content.decode()
    assert not Piece.objects.filter(role=PieceRole.UPLOADED).exists()


def test_a_table_replaces_the_one_before_whole(client: Client, begun: str) -> None:
    for content in (b"one@example.org\n" * 40_000, b"two@example.org\n"):
        file = SimpleUploadedFile("accounts.csv", content)
        client.post(f"{begun}evidence/upload/", {"file": file})
    held = pieces.read(Submission.objects.get().pk, PieceRole.UPLOADED)
    assert held == b"two@example.org\n"
