"""The web processes' entry point: `granian --interface wsgi indicators.config.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "indicators.config.settings")
application = get_wsgi_application()
