"""The composition root. Whoever reads the settings also gets the Celery app that they configure."""

from indicators.config.celery import app

__all__ = ["app"]
