"""Become a child of the supervisor that ends when the supervisor does, then become the program.

    python launch.py PARENT SIGNAL UID GID exec PROGRAM [ARGUMENT …]
    python launch.py PARENT SIGNAL UID GID module NAME [ARGUMENT …]

PARENT is the supervisor's process id; SIGNAL is what the kernel sends us when the supervisor dies,
however it dies. UID and GID are "-" to stay who we are. A program of its own, importing nothing of
ours, because the kernel forgets the signal when a process changes its user: it has to be set
after that, in the child, where no thread of the parent can hold a lock (as in a preexec_fn).
"""

import ctypes
import os
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with(parent: int, signal_number: int) -> None:
    """Ask for `signal_number` at the death of `parent`; end now if that has already happened."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def become(uid: str, gid: str) -> None:
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))


def run_module(name: str, arguments: list[str]) -> None:
    """Run a Python program here. The processes that it forks end with it, too: its workers."""
    self = os.getpid()

    def end_with_us() -> None:
        nonlocal self
        end_with(self, signal.SIGKILL)
        self = os.getpid()
        # A fork inherits the handlers of a server that it is not. Until it sets its own, a request
        # to stop would be noted on the wrong list, and forgotten.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    import multiprocessing

    os.register_at_fork(after_in_child=end_with_us)
    multiprocessing.set_start_method("fork")
    sys.argv[1:] = arguments
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def main() -> None:
    parent, signal_number, uid, gid, kind, name, *arguments = sys.argv[1:]
    become(uid, gid)
    end_with(int(parent), int(signal_number))
    if kind == "module":
        run_module(name, arguments)
    else:
        os.execv(name, [name, *arguments])  # noqa: S606 - a fixed program, no shell


if __name__ == "__main__":
    main()
