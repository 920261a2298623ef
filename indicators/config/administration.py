"""Django's administration as an application, behind the same door as the pages."""

from django.contrib.admin.apps import AdminConfig


class Administration(AdminConfig):
    """Loaded before there are models; its site comes when somebody first asks for it."""

    default_site = "indicators.config.site.Site"
