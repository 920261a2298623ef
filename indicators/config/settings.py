"""The one settings file: what a node can be told, and how the parts are put together.

Everything has a working default on one machine. In production (`RETORT_ENV=production`) a node
refuses to boot without its keys, its public address and its database and broker.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp import constants as csp

from indicators import local, telemetry
from indicators.config import env

CHECKOUT = Path(__file__).resolve().parents[2]

PRODUCTION = (
    env.choice("RETORT_ENV", "development", ("development", "production"), "How strict to be")
    == "production"
)
DATA = Path(env.text("RETORT_DATA", str(CHECKOUT / ".retort"), "Folder of the embedded default"))


def _required(name: str, value: str | None, by: str = "production") -> str:
    if not value:
        raise env.Misconfigured(f"{name} is not set; {by} needs it (or {name}_FILE).")
    return value


# --- Keys ----------------------------------------------------------------------------------------

_secret_key = env.secret("SECRET_KEY", "Signs sessions and page cursors")
_key_encryption_key = env.secret(
    "KEY_ENCRYPTION_KEY", "32 bytes in base64; encrypts the node's private keys at rest"
)
if PRODUCTION:
    _required("SECRET_KEY", _secret_key)
    _required("KEY_ENCRYPTION_KEY", _key_encryption_key)
SECRET_KEY = _secret_key or local.secrets.read_or_create(DATA).secret_key
KEY_ENCRYPTION_KEY = (
    env.key_bytes("KEY_ENCRYPTION_KEY", _key_encryption_key)
    if _key_encryption_key
    else local.secrets.read_or_create(DATA).key_encryption_key
)

# --- Who we are ----------------------------------------------------------------------------------

NODE_NAME = env.text("NODE_NAME", "Retort node", "The organization's name, shown to readers")
PUBLIC_URL = env.text(
    "PUBLIC_URL", "", "Address at which others reach this node, e.g. https://retort.example"
).rstrip("/")
if PRODUCTION:
    _required("PUBLIC_URL", PUBLIC_URL)
#: Names this node's logs (`<host>/<collection>`); fixed for a log when its collection is created.
NODE_HOST = urlsplit(PUBLIC_URL).netloc or "localhost"
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", "Host names that requests may use"
) + ([urlsplit(PUBLIC_URL).hostname or ""] if PUBLIC_URL else [])

# --- The feed ------------------------------------------------------------------------------------

PAGE_SIZE = env.whole_number("PAGE_SIZE", 1000, "Most objects on one page of the feed")
MAX_CONTENT_LENGTH = env.whole_number(
    "MAX_CONTENT_LENGTH", 10 * 1024 * 1024, "Largest TAXII request body, in bytes", least=1024
)
POST_AT_ONCE = env.whole_number(
    "POST_AT_ONCE", 2000, "A TAXII POST of more objects is finished by a worker"
)
STATUS_HOURS = env.whole_number(
    "STATUS_HOURS", 72, "How long the status of a TAXII POST stays readable", least=24
)
TRUSTED_PROXIES = env.words(
    "TRUSTED_PROXIES",
    "",
    "Networks whose Client-Cert (mutual TLS, RFC 9440) and X-Forwarded-For are believed",
)

METRICS_NETWORKS = env.words(
    "METRICS_NETWORKS", "127.0.0.0/8,::1/128", "Networks that may read /metrics"
)

# --- Detections and tokens -----------------------------------------------------------------------

IDENTIFIER_DAYS = env.whole_number(
    "IDENTIFIER_DAYS", 180, "Identifiers of a detection are destroyed after so many days"
)
INDICATOR_DAYS = env.whole_number(
    "INDICATOR_DAYS", 90, "How long a token indicator is valid after its last change"
)
MINIMUM_ACCOUNTS = env.whole_number(
    "MINIMUM_ACCOUNTS", 10, "Traffic aggregates of fewer accounts are withheld"
)
INGEST_REQUESTS_PER_MINUTE = env.whole_number(
    "INGEST_REQUESTS_PER_MINUTE", 600, "Requests that one credential may send to the ingest API"
)
INGEST_LINES_PER_MINUTE = env.whole_number(
    "INGEST_LINES_PER_MINUTE", 600_000, "Detections that one credential may send", least=10_000
)
KEYHOLDER_URL = env.text(
    "KEYHOLDER_URL", "", "The node that holds the token keys; default: this one"
).rstrip("/")
KEYHOLDER_USER = env.text("KEYHOLDER_USER", "", "Name of this node's credential there")
KEYHOLDER_KEY = env.secret("KEYHOLDER_KEY", "API key of this node's credential there") or ""
if KEYHOLDER_URL:
    _required("KEYHOLDER_USER", KEYHOLDER_USER, by="KEYHOLDER_URL")
    _required("KEYHOLDER_KEY", KEYHOLDER_KEY, by="KEYHOLDER_URL")
TOKEN_GROUP = env.text("TOKEN_GROUP", "default", "Whose tokens are equal: the group's name")
TOKEN_EPOCH_DAYS = env.whole_number("TOKEN_EPOCH_DAYS", 90, "How long a token key is used")
TOKEN_OVERLAP_DAYS = env.whole_number(
    "TOKEN_OVERLAP_DAYS", 14, "How long an old token key is used beside the new one"
)
TOKEN_QUOTA_PER_DAY = env.whole_number(
    "TOKEN_QUOTA_PER_DAY", 100_000, "Evaluations a member may have of one kind and epoch a day"
)

# --- Peers ---------------------------------------------------------------------------------------

PULL_INTERVAL = env.whole_number(
    "PULL_INTERVAL", 60, "Seconds between looks at a peer's collection that nobody woke us for"
)
PULL_PAGE = env.whole_number("PULL_PAGE", 1000, "Objects asked of a peer at once")
PULL_QUARANTINE_MOST = env.whole_number(
    "PULL_QUARANTINE_MOST", 10_000, "Refused objects that are kept of one subscription"
)
TOKEN_FANOUT = env.whole_number(
    "TOKEN_FANOUT", 100, "A token that more clusters or indicators have is no lead"
)

ANSWER_HOLD = env.whole_number(
    "ANSWER_HOLD", 30, "Seconds in which a decision on matches can be taken back", least=0
)

# --- Mail ----------------------------------------------------------------------------------------

_mail = env.mail_server(
    "EMAIL_URL", env.secret("EMAIL_URL", "Mail server, smtp://user:password@host; default: no mail")
)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if _mail.host else 'dummy'}.EmailBackend"
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.starttls, _mail.tls
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text(
    "EMAIL_FROM", f"retort@{NODE_HOST.partition(':')[0]}", "Sender of mail"
)

# --- Parts ---------------------------------------------------------------------------------------

# Secrets, because both usually hold a password.
_database_url = env.secret("DATABASE_URL", "PostgreSQL server; default: the embedded one")
_broker_url = env.secret("BROKER_URL", "Valkey, Redis or RabbitMQ; default: embedded Valkey")
if PRODUCTION:
    _required("DATABASE_URL", _database_url)
    _required("BROKER_URL", _broker_url)

DATABASES = {
    "default": {
        **dj_database_url.parse(_database_url or local.database_url(DATA)),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # Statements are short; one that is not has gone wrong and must not hold a log's lock.
        "OPTIONS": {"connect_timeout": 10, "options": "-c lock_timeout=60s -c jit=off"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django_prometheus",
    "indicators.config.administration.Administration",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "csp",
    "django_celery_beat",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "federation",
    "indicators",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "indicators.telemetry.AccessLog",
    "indicators.taxii.door.SingleSlashes",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Private by default: what anybody may see is marked so, path by path, in `urls`.
    "indicators.people.door.SignInRequired",
    "indicators.people.door.Door",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # last: it makes its own answer of a refused sign-in
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "indicators.config.urls"
WSGI_APPLICATION = "indicators.config.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [CHECKOUT / "indicators" / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {
                "retort": "indicators.web.tags",
                "campaigns": "indicators.web.campaign_tags",
                "running": "indicators.web.running_tags",
            },
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "indicators.web.context.node",
            ],
        },
    }
]

# --- Tasks ---------------------------------------------------------------------------------------

CELERY_BROKER_URL = _broker_url or local.broker_url(DATA)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# A task that died with its worker comes back after a minute, not after Kombu's hour.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    # A request doesn't wait for a broker that is down: the work is in the database.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
}
if not CELERY_BROKER_URL.startswith(("redis", "valkey", "unix")):
    CELERY_BROKER_TRANSPORT_OPTIONS = {}

# Each kind of work has a queue of its own: a flood of detections doesn't delay what is approved.
# Workers that take only some of them are started with `-Q`.
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "indicators.pseudonymize": {"queue": "pseudonymize"},
    "indicators.draft": {"queue": "draft"},
    "indicators.check_submission": {"queue": "draft"},
    "indicators.publish": {"queue": "publish"},
    "indicators.pull": {"queue": "pull"},
    "indicators.push": {"queue": "pull"},
    "indicators.wake": {"queue": "wake"},
    "indicators.cosign": {"queue": "wake"},
    "indicators.refresh_peers": {"queue": "wake"},
    "indicators.dispatch": {"queue": "wake"},
    "indicators.reconcile": {"queue": "reconcile"},
    "indicators.catalogue": {"queue": "reconcile"},
}

# --- People, language, files ---------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = (
    env.text("STATIC_ROOT", "", "Where collectstatic puts files; default: served from the sources")
    or None
)
STATICFILES_DIRS = [CHECKOUT / "indicators" / "web" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# --- The door for people -------------------------------------------------------------------------

MFA = env.choice(
    "MFA", "required", ("required", "optional"), "Whether people need a second factor to sign in"
)
if PRODUCTION and MFA != "required":
    raise env.Misconfigured(
        "MFA is 'optional'; production needs a second factor of everybody. Leave MFA unset."
    )
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "overview"
SESSION_COOKIE_AGE = 12 * 3600
INVITATION_DAYS = env.whole_number("INVITATION_DAYS", 7, "How long an invitation can be used")

ACCOUNT_ADAPTER = "indicators.people.adapters.Accounts"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # here; elsewhere a session ends with its password
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds; then what guards an account asks again
ACCOUNT_SESSION_REMEMBER = True  # until SESSION_COOKIE_AGE
ACCOUNT_PRESERVE_USERNAME_CASING = True
MFA_ADAPTER = "indicators.people.adapters.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # a telephone's clock may be half a minute off
MFA_FORMS = {
    "authenticate": "indicators.people.factors.Code",
    "reauthenticate": "indicators.people.factors.CodeAgain",
    "activate_totp": "indicators.people.factors.FirstCode",
    "authenticate_webauthn": "indicators.people.factors.Key",
    "reauthenticate_webauthn": "indicators.people.factors.KeyAgain",
    "login_webauthn": "indicators.people.factors.KeyAlone",
    "add_webauthn": "indicators.people.factors.NewKey",
}
USERSESSIONS_TRACK_ACTIVITY = True  # the list says when; `people.sessions` notes it

# What several processes count together, for minutes: attempts, and codes that were used.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "retort_cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

# Whoever fails so often with one name from one address is kept out for a while.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_CALLABLE = "indicators.people.address.claimed_name"
AXES_CLIENT_IP_CALLABLE = "indicators.people.address.client_address"
AXES_LOCKOUT_CALLABLE = "indicators.web.views.account.locked_out"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# No script, style, picture or connection but our own files; nothing inline, nothing evaluated.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.NONE],
        "script-src": [csp.SELF],
        "style-src": [csp.SELF],
        "img-src": [csp.SELF],
        "font-src": [csp.SELF],
        "connect-src": [csp.SELF],
        "form-action": [csp.SELF],
        "frame-ancestors": [csp.NONE],
        "base-uri": [csp.NONE],
    }
}

# --- The ingest API's description ----------------------------------------------------------------

REST_FRAMEWORK: dict[str, object] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- Transport -----------------------------------------------------------------------------------

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # forms only: the API doors measure their own bodies
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Nodes that share a host's name (a demonstration on one machine) don't share its cookies.
_node = f"-{urlsplit(PUBLIC_URL).port}" if urlsplit(PUBLIC_URL).port else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"session{_node}", f"csrf{_node}"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = False  # what else runs below this name is not ours to say
    # Browsers keep such a cookie to this very host, whatever its neighbours set.
    SESSION_COOKIE_NAME = "__Host-session"
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# --- What the node says of itself ----------------------------------------------------------------

PROMETHEUS_METRIC_NAMESPACE = "retort"
LOG_FORMAT = env.choice(
    "LOG_FORMAT", "json" if PRODUCTION else "plain", ("json", "plain"), "Form of log lines"
)
LOGGING_CONFIG = None
LOG_LEVEL = env.choice(
    "LOG_LEVEL", "info", ("info", "warning"), "What is logged; commands: warning"
)
telemetry.configure(LOG_FORMAT, LOG_LEVEL)

#: For `doctor --variables`.
VARIABLES = env.VARIABLES
