"""What administrators' pages ask costs by what is shown, not by what is held."""

from uuid import uuid4

import pytest
from django.db import connection

from indicators.pipeline.desk import looking

pytestmark = pytest.mark.django_db


def test_how_soon_objects_come_is_read_from_the_end_of_each_inbox() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        asked = {"inboxes": [uuid4()], "limit": 40}
        cursor.execute("EXPLAIN " + looking._ARRIVALS, asked)
        said = " ".join(row[0] for row in cursor.fetchall())
    assert "Index Scan Backward" in said
    assert "Limit" in said
