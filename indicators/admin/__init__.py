"""Django's administration: tables that administrators look into. Decisions are for the pages."""

from indicators.admin import contributions, exchange, federation, reconcile

__all__ = ["contributions", "exchange", "federation", "reconcile"]
