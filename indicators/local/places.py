"""Where a node keeps its files, and which account its servers run under.

Three kinds of place:

- the *data directory*, chosen by the person who runs the node, holds everything that must be kept;
- the *run directory*, /tmp/retort-<hash>, holds sockets only: their paths have at most 107 bytes;
- a *server directory* holds the files of one server. It is inside the data directory, unless the
  account that the server runs under cannot get there: then it is below /var/lib/retort, and a
  pointer file in the data directory says so.
"""

import hashlib
import os
import pwd
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from indicators.local.errors import LocalError, NotOurs

CHECKOUT = Path(__file__).resolve().parents[2]
ELSEWHERE = Path("/var/lib/retort")
# Not tempfile.gettempdir(): every command must find the same place, whatever its TMPDIR.
# make_run_directory() refuses what another user may have put there.
SOCKETS = Path("/tmp")  # noqa: S108


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged account of the operating system."""

    uid: int
    gid: int


def default_data_dir() -> Path:
    """RETORT_DATA, or `.retort` in the checkout."""
    return Path(os.environ.get("RETORT_DATA") or CHECKOUT / ".retort").absolute()


def server_account() -> Account | None:
    """`nobody` when we are root, as PostgreSQL refuses to be root; None means our own account."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(65534, 65534)
    return Account(nobody.pw_uid, nobody.pw_gid)


def run_directory(data_dir: Path) -> Path:
    """The place of the sockets, the same for all who name this data directory; not created."""
    name = f"{os.geteuid()}:{os.path.realpath(data_dir)}"
    return SOCKETS / f"retort-{_hash(name)}"


def make_run_directory(data_dir: Path) -> Path:
    """Create the run directory, closed to every other account.

    Anyone may create names in /tmp. A directory that somebody else made there is refused, or they
    could answer in our database's place.
    """
    place, account = run_directory(data_dir), server_account()
    owner = account.uid if account else os.geteuid()
    place.mkdir(mode=0o700, exist_ok=True)
    found = place.lstat()
    if account and found.st_uid == os.geteuid():
        os.chown(place, account.uid, account.gid)
        found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise NotOurs(f"{place} belongs to another user; remove it, then start again.")
    place.chmod(0o700)
    return place


def make_data_dir(data_dir: Path) -> Path:
    """Create the data directory: closed, but a server's account may pass through (not list) it."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        owner = data_dir.stat().st_uid
    except OSError as error:
        raise LocalError(
            f"The data directory {data_dir} cannot be created ({error.strerror}); "
            "choose another with --data DIR or RETORT_DATA."
        ) from error
    if owner != os.geteuid():
        raise NotOurs(
            f"The data directory {data_dir} belongs to user {_name_of(owner)}; "
            "run this as that user, or choose another with --data DIR or RETORT_DATA."
        )
    data_dir.chmod(0o700 if server_account() is None else 0o711)
    return data_dir


def server_directory(data_dir: Path, server: str) -> Path:
    """Where `server` keeps its files, whether it exists yet or not."""
    pointer = data_dir / f"{server}.location"
    if pointer.exists():
        return Path(pointer.read_text().strip())
    return data_dir / server


def make_server_directory(data_dir: Path, server: str) -> Path:
    """Create the directory for `server`, owned by and open to its account alone."""
    account = server_account()
    place = server_directory(data_dir, server)
    if not place.exists() and account and not can_enter(data_dir, account):
        # The random part: a data directory that was deleted and made anew must not find its former
        # database, whose keys it can no longer open.
        place = ELSEWHERE / f"{_hash(os.path.realpath(data_dir))}-{secrets.token_hex(4)}" / server
        place.parent.mkdir(mode=0o755, parents=True)
        ELSEWHERE.chmod(0o755)
        place.parent.chmod(0o711)
        (data_dir / f"{server}.location").write_text(f"{place}\n")
    place.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(place, account.uid, account.gid)
    return place


def can_enter(directory: Path, account: Account) -> bool:
    """Whether `account` may pass through `directory` and every directory above it."""
    real = Path(os.path.realpath(directory))
    return all(_grants(place, account, stat.S_IXOTH) for place in (real, *real.parents))


def can_read(file: Path, account: Account) -> bool:
    """Whether `account` may read and execute `file` at its place."""
    return can_enter(file.parent, account) and _grants(file, account, stat.S_IROTH | stat.S_IXOTH)


def _grants(place: Path, account: Account, wanted: int) -> bool:
    found = place.stat()
    if found.st_uid == account.uid:
        wanted <<= 6
    elif found.st_gid == account.gid:
        wanted <<= 3
    return found.st_mode & wanted == wanted


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
