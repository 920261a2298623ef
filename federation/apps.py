"""The protocol as a Django app: its tables, nothing else."""

from django.apps import AppConfig


class FederationConfig(AppConfig):
    """Keys and logs."""

    name = "federation"
    default_auto_field = "django.db.models.BigAutoField"
