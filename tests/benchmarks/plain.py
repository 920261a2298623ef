"""The plain view that reads are measured against (design/quality.md): a WSGI module for granian.

A Django view without middleware, authentication or TAXII: 1,000 stored rows by keyset from one
table, their bytes joined. Options of the server, and database, are those of the node's own.
"""

import os

import dj_database_url
import psycopg
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from psycopg.pq import Format

DATABASE_URL = "PLAIN_DATABASE_URL"
ROWS = 1000
_SELECT = "SELECT seq, body FROM plain_object WHERE seq > %s ORDER BY seq LIMIT %s"

settings.configure(
    DATABASES={
        "default": {**dj_database_url.parse(os.environ[DATABASE_URL]), "CONN_MAX_AGE": None}
    },
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[],
    ALLOWED_HOSTS=["*"],
    LOGGING_CONFIG=None,
)


def page(request: HttpRequest, after: int) -> HttpResponse:
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.format = Format.BINARY
        rows = cursor.execute(_SELECT, (after, ROWS)).fetchall()
    return HttpResponse(b",".join([row[1] for row in rows]), content_type="application/json")


urlpatterns = [path("<int:after>/", page)]
_django = get_wsgi_application()


def application(environ, start_response):
    """As the node's own entry point does it: a list, which granian sends at once."""
    response = _django(environ, start_response)
    try:
        return [response.content]
    finally:
        response.close()
