"""What continuous integration runs is what the README tells people to run."""

import re

from indicators.local.places import CHECKOUT


def test_ci_ends_with_the_test_command_of_the_readme() -> None:
    last = (CHECKOUT / ".ci" / "run").read_text().rstrip().splitlines()[-1]
    assert last in (CHECKOUT / "README.md").read_text().splitlines()


def test_the_lock_files_name_no_registry() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = (CHECKOUT / name).read_text()
        assert re.findall(r"https?://|--index-url|--extra-index-url|--find-links", lock) == []


def test_every_locked_package_has_a_hash() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = (CHECKOUT / name).read_text()
        entries = re.split(r"\n(?=\S)", lock.strip())
        assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_packages_for_development_include_those_of_the_node() -> None:
    """With the same versions: what is tested is what runs."""
    runtime, development = (
        set(re.findall(r"^\S+==\S+", (CHECKOUT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert runtime <= development
