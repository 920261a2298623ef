"""What a submission names is sealed wherever it lies, and said nowhere."""

import pytest

from indicators import pipeline
from indicators.store.sql import open_cursor
from tests.detections.submissions.author import Author

pytestmark = pytest.mark.django_db


def test_the_search_finds_what_is_not_sealed(ana: Author) -> None:
    assert "auth_user" in tables_with("ana")


def test_what_was_typed_and_pasted_is_in_no_table_and_no_log(
    ana: Author, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nor among what an account, a person or a row at fault is called."""
    ana.paste(
        "account,kind,value,person_name\n"
        "planted-account,email,planted.value@example.org,Planted Person\n"
        "planted-other,email,planted-fault,\n"
    )
    ana.prepare(name="Long winter")
    pipeline.send_submission(ana.id, ana.user, ana.draft.pk)
    assert tables_with("planted") == []
    said = capfd.readouterr()
    assert "planted" not in (said.out + said.err).casefold()


def tables_with(word: str) -> list[str]:
    """The tables that have it, in text or in bytes, with any capitals."""
    forms = [word, *(each.encode().hex() for each in (word, word.capitalize()))]
    found = []
    with open_cursor() as cursor:
        listed = cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in listed.fetchall():
            query = f"SELECT count(*) FROM {table} t WHERE t::text ILIKE ANY(%s)"
            row = cursor.execute(query.encode(), ([f"%{form}%" for form in forms],)).fetchone()
            if row and row[0]:
                found.append(table)
    return found
