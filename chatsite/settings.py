"""Django's settings. Everything that a site decides is read from the environment or `.env`; see `.env.example`."""

import tomllib
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from chatsite import conf
from chatsite.observability.logs import FORMATTERS
from chatsite.web import versioned_static

BASE_DIR = conf.BASE_DIR
conf.read_dotenv(BASE_DIR / ".env")

# The release that runs, as `hello` and /metrics say it. pyproject.toml is the one place that has it.
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]

SECRET_KEY = conf.secret_key()
DEBUG = conf.flag("DEBUG")
HOST = conf.host()
PORT = conf.port()

# SITE_URL decides the host names that are served, the origins that are trusted, and whether cookies need https.
SITE_URL = conf.site_url()
SECURE = SITE_URL.startswith("https:")
ALLOWED_HOSTS = conf.site_hosts(SITE_URL)
EXTRA_ORIGINS = conf.origins("EXTRA_ORIGINS")
CSRF_TRUSTED_ORIGINS = [*conf.site_origins(SITE_URL, ALLOWED_HOSTS), *EXTRA_ORIGINS]
# Believe X-Forwarded-Proto and X-Forwarded-For: only where a proxy of ours sets them on every request.
TRUST_PROXY = conf.flag("TRUST_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if SECURE else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains isn't ours to promise: they may be other services
    "security.W021",  # nor is the browsers' preload list
    "security.W008",  # the proxy that ends TLS sends http on to https; we don't know whether there is one
]

INSTALLED_APPS = [
    # Before Django's apps: their `changepassword` and `createsuperuser` replace Django's.
    "chatsite.operations",
    "chatsite.web",
    "chatsite.realtime.cluster",
    "accounts",
    "chatsite.web.administration.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rooms",
    "files",
    "emoji",
    "messaging",
    "previews",
    "push",
    "drafts",
    "notifications",
]

MIDDLEWARE = [
    "chatsite.observability.tracing.traced",
    "chatsite.web.middleware.no_store_by_default",
    "chatsite.web.middleware.strip_head_body",
    "chatsite.web.middleware.name_payer",
    "chatsite.web.middleware.await_revocations",
    "django.middleware.security.SecurityMiddleware",
    "chatsite.web.middleware.limit_body",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "chatsite.web.middleware.compressed_pages",
    "chatsite.web.middleware.keep_session_cookie",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.authentication.known_devices.remembering",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "chatsite.urls"
WSGI_APPLICATION = "chatsite.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context_processors.site",
            ]
        },
    }
]

DATA_DIR = conf.folder("DATA_DIR", BASE_DIR / "data")
DATABASES = {"default": conf.database(DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = conf.redis_url()
WORKERS = conf.workers()
# Holds the counts of failed logins. Django's default of 300 entries would let a flood of other keys evict them.
MEMORY_CACHE = {
    "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
    "OPTIONS": {"MAX_ENTRIES": 100_000},
}
CACHES = {"default": MEMORY_CACHE}
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "chatsite.realtime.cluster.shared_cache.SharedCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {
                "CONNECTION_FACTORY": "chatsite.realtime.cluster.shared_cache.Factory",
                "SERIALIZER": "chatsite.realtime.cluster.shared_cache.CheckedJSONSerializer",
            },
        }
    }

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.AccountBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_HASHERS = [
    "accounts.authentication.hashers.ThreadedArgon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.authentication.password_validators.BoundsValidator"},
]

SESSION_ENGINE = "accounts.authentication.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "accounts.views.sessions.form_out_of_date"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = SECURE
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        # A page draws the poster of a film that it is about to send (static/js/lib/page/poster.js).
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

THROTTLE_USER = conf.rate("THROTTLE_USER", "6000/min")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.api_tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": [
        "chatsite.web.rest.throttles.AnonThrottle",
        "chatsite.web.rest.throttles.UserThrottle",
        "chatsite.web.rest.throttles.EventThrottle",
    ],
    # Far above what a person does; a bot that exceeds them gets `retry_after`.
    "DEFAULT_THROTTLE_RATES": {
        "anon": conf.rate("THROTTLE_ANON", "300/min"),
        "user": THROTTLE_USER,
    },
    # Without a trusted proxy any client can make up X-Forwarded-For.
    "NUM_PROXIES": 1 if TRUST_PROXY else 0,
    "DEFAULT_PAGINATION_CLASS": "chatsite.web.rest.api.Pages",
    "DEFAULT_METADATA_CLASS": "chatsite.web.rest.metadata.Metadata",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "chatsite.web.rest.schema.Schema",
    "EXCEPTION_HANDLER": "chatsite.web.rest.api.exception_handler",
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "chatsite.web.rest.browsable.BrowsableRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "chatsite.web.rest.parsers.BoundedJSONParser",
        "chatsite.web.rest.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "PAGE_SIZE": 50,
}
# Readers of /schema and /docs: everybody, or people who are logged in.
API_DOCS = conf.choice("API_DOCS", "public", "members")
SPECTACULAR_SETTINGS = {
    "TITLE": "Chatsite",
    "DESCRIPTION": "Rooms, people and messages of a self-hosted group chat.",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    # Keep required fields required for PATCH: an edit always has a body.
    "COMPONENT_SPLIT_PATCH": False,
    "PREPROCESSING_HOOKS": ["chatsite.web.rest.schema.without_slashes"],
    "ENUM_NAME_OVERRIDES": {
        "RoomKind": "rooms.models.Room.Kind",
        "Role": "rooms.models.Membership.Role",
        "FileKind": "files.listing.pages.KINDS",
        "NotificationLevel": "accounts.models.NotificationLevel",
        "ChosenLevel": "rooms.serializers.LEVELS",
    },
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["chatsite.web.administration.formats"]

# Without a version in DEBUG: browsers then revalidate a file at each request.
STATIC_VERSION = (
    ""
    if DEBUG
    else versioned_static.version(BASE_DIR / "static", BASE_DIR / "requirements.txt", versioned_static.JOINER)
)
STATIC_URL = f"/static/{STATIC_VERSION}/" if STATIC_VERSION else "/static/"
WHITENOISE_IMMUTABLE_FILE_TEST = versioned_static.is_immutable
STATIC_ROOT = conf.folder("STATIC_DIR", DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "chatsite.web.bundles.JoinedStaticFilesStorage"},
}

# The service worker of pages (chatsite/web_app.py); "off" serves one that removes itself from every browser.
SERVICE_WORKER = conf.choice("SERVICE_WORKER", "on", "off")

# True if mail can be sent. Otherwise an administrator makes the links that reset a password.
MAIL = bool(conf.text("EMAIL_URL"))
globals().update(conf.email(default_from=f"chat@{urlsplit(SITE_URL).hostname}"))
# Minutes after which what was said to somebody and isn't read is mailed; 0 mails nothing.
MAIL_AFTER_MINUTES = conf.whole("MAIL_AFTER_MINUTES", 10)
MAIL_CONTENT = not conf.flag("MAIL_WITHOUT_CONTENT")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Log lines are text or JSON. ACCESS_LOG adds one for each HTTP request.
LOG_FORMAT = conf.choice("LOG_FORMAT", "text", "json")
LOG_LEVEL = conf.choice("LOG_LEVEL", "warning", "debug", "info", "error").upper()
ACCESS_LOG = conf.flag("ACCESS_LOG")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": FORMATTERS[LOG_FORMAT]}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False},
        # Only 5xx: 404 and 403 are the visitor's mistakes.
        "django.request": {"level": "ERROR"},
        # At debug they log statements with their values, and each variable that a template lacks.
        "django.db.backends": {"level": "WARNING"},
        "django.template": {"level": "WARNING"},
        "chatsite.access": {"level": "INFO"},
    },
}
# Bearer token with which other machines may read /metrics.
METRICS_TOKEN = conf.metrics_token()

# Whether a crowd's sends are one system call, where the kernel has io_uring and allows it.
IO_URING = conf.choice("IO_URING", "on", "off") == "on"

# Limits of one client; 0 is no limit. chatsite/realtime/limits/limits.py applies them.
SOCKETS_PER_USER = conf.whole("SOCKETS_PER_USER", 100)
SOCKETS_PER_ADDRESS = conf.whole("SOCKETS_PER_ADDRESS", 10_000)
HANDSHAKES_PER_ADDRESS = conf.whole("HANDSHAKES_PER_ADDRESS", 10_000)
ROOMS_PER_SOCKET = conf.whole("ROOMS_PER_SOCKET", 1000)
EVENTS_PER_SECOND = conf.whole("EVENTS_PER_SECOND", 100)
# Sustained share of a process's event loop, in percent, for one person or one address of people who aren't signed in.
LOOP_SHARE_PERCENT = conf.whole("LOOP_SHARE_PERCENT", 25)
# Pages and REST requests of one address of people who aren't signed in: 30 a second, with a burst of a minute's worth,
# as 500 people of a school come in within a minute or two. THROTTLE_USER is for people who are signed in.
THROTTLE_PAGES = conf.rate("THROTTLE_PAGES", "1800/min")
# Concurrent HTTP connections of one address, including kept-alive ones: six for each of 300 browsers.
HTTP_CONNECTIONS_PER_ADDRESS = conf.whole("HTTP_CONNECTIONS_PER_ADDRESS", 2000)

# Quotas of what one person makes, per hour and in total; 0 is no limit. See accounts/quotas.py.
ROOMS_PER_HOUR = conf.whole("ROOMS_PER_HOUR", 100)
ROOMS_PER_USER = conf.whole("ROOMS_PER_USER", 500)
DIRECTS_PER_HOUR = conf.whole("DIRECTS_PER_HOUR", 100)
DIRECTS_PER_USER = conf.whole("DIRECTS_PER_USER", 2000)
ADDITIONS_PER_HOUR = conf.whole("ADDITIONS_PER_HOUR", 1000)
ADDITIONS_PER_USER = conf.whole("ADDITIONS_PER_USER", 20_000)
INVITES_PER_HOUR = conf.whole("INVITES_PER_HOUR", 60)
INVITES_PER_USER = conf.whole("INVITES_PER_USER", 200)
FILES_PER_HOUR = conf.whole("FILES_PER_HOUR", 600)
FILES_PER_USER_MB = conf.whole("FILES_PER_USER_MB", 10_000)

# Connections to PostgreSQL of each process: a greenlet without one waits, and gives up with `unavailable` after a few
# seconds (chatsite/database/connection_quota.py). Then the seconds after which a statement is cancelled; 0 is never.
DATABASE_CONNECTIONS = conf.database_connections(WORKERS)
DATABASE_STATEMENT_TIMEOUT = conf.whole("DATABASE_STATEMENT_TIMEOUT", 30)

# Files: the largest one, their kinds, how many one person may be sending at once, the site's total, what stays free on
# the disk, and how fast all of a process's uploads, or downloads, may be together. 0 is no limit.
FILE_MAX_MB = conf.whole("FILE_MAX_MB", 100)
FILE_KINDS = conf.kinds("FILE_KINDS")
UPLOADS_PER_USER = conf.whole("UPLOADS_PER_USER", 6)
FILES_TOTAL_MB = conf.whole("FILES_TOTAL_MB", 0)
FILES_FREE_MB = conf.whole("FILES_FREE_MB", 1000)
FILES_MB_PER_SECOND = conf.whole("FILES_MB_PER_SECOND", 64)
# Where files lie besides the folder of uploads, with a secret in it; and the path at which nginx has that folder.
FILES_URL = conf.files_url()
FILES_ACCEL = conf.files_accel()
# Pixels, in millions, above which a picture is kept without a preview, as a download.
PICTURE_MEGAPIXELS = conf.whole("PICTURE_MEGAPIXELS", 50)

# Links of one person that are fetched in an hour for previews; 0 is no limit.
PREVIEWS_PER_HOUR = conf.whole("PREVIEWS_PER_HOUR", 120)
# Networks, at any port, that may be fetched from though they aren't public. For tests: nothing of the environment gets here.
PREVIEW_TEST_NETWORKS: list[str] = []
# The same for push services, and a file of certificates that are believed there besides the system's. For tests, too.
PUSH_TEST_NETWORKS: list[str] = []
PUSH_TEST_CERTIFICATES = ""

# Members above which a room is told only how many are online, not who comes and goes.
PRESENCE_ROOM_SIZE = conf.whole("PRESENCE_ROOM_SIZE", 200)
