"""The tables are what the migrations make."""

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_no_change_of_the_models_lacks_a_migration() -> None:
    call_command("makemigrations", "federation", check_changes=True, dry_run=True, verbosity=0)
