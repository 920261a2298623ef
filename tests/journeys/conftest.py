"""What several journeys share: starting four nodes takes longer than most of what is seen there."""

from collections.abc import Iterator

import pytest

from tests.database import Server
from tests.journeys.federation import Federation, exchange


@pytest.fixture(scope="package")
def federation(database_server: Server, template_database: str) -> Iterator[Federation]:
    """Four nodes that know each other, for journeys that bear others' traces."""
    with exchange(database_server, template_database) as found:
        yield found
