"""granian, with the application loaded before it starts its processes: once, and shared by them.

`python -m indicators.config.serving [granian's options] indicators.config.wsgi:application`
"""

from granian.cli import entrypoint

from indicators.config import wsgi  # noqa: F401 - loading it is what this is for

if __name__ == "__main__":
    entrypoint()  # type: ignore[no-untyped-call]  # granian says no types of it
