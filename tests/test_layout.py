import platform
import re
import sysconfig
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"vigil", "model_registry", "inference", "surveillance", "transparency_cards"}
SOURCES = [
    path
    for folder in ("platform", *sorted(OURS - {"vigil"}), "migrations", "tests", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
MOST_LINES = 500


def test_the_platform_folder_never_shadows_the_standard_library() -> None:
    assert platform.__file__ == f"{sysconfig.get_path('stdlib')}/platform.py"
    assert {p.name for p in (ROOT / "platform").iterdir()} - {"__pycache__"} == {"vigil"}


def test_only_we_bring_our_import_names() -> None:
    owners = packages_distributions()

    assert {name for name in OURS if not set(owners.get(name, ())) <= {"vigil"}} == set()


def test_tests_stand_in_the_tests_folder_only() -> None:
    stray = [
        path
        for path in SOURCES
        if path.name.startswith(("test_", "conftest")) and ROOT / "tests" not in path.parents
    ]

    assert stray == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_every_noun_is_named_in_its_own_first_line() -> None:
    silent = [path for path in SOURCES if path.name == "__init__.py" and not path.read_text()[:3]]

    assert silent == []


def test_no_source_names_a_package_registry_or_a_folder_of_some_machine() -> None:
    hosts = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|deb\.debian|/root/|/home/\w")
    guilty = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path != Path(__file__) and hosts.search(path.read_text())
    ]

    assert guilty == []
