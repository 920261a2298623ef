from django.apps import AppConfig


class Indicators(AppConfig):
    name = "indicators"
    verbose_name = "Indicators"
