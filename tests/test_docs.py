import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from vigil.app import reference, web
from vigil.app.settings import Settings
from vigil.kernel.dicom import ATTRIBUTES
from vigil.kernel.parts import Parts

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
RECORDS = sorted((ROOT / "docs" / "adr").glob("*.md"))
HEADINGS = ("context", "decision", "consequences", "alternatives")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, Parts]]:
    parts = reference.fresh_parts(tmp_path_factory.mktemp("installation"))
    yield web.create_app(parts), parts
    parts.database.dispose()


@pytest.fixture(scope="module")
def tables(installation: tuple[FastAPI, Parts]) -> dict[str, str]:
    return reference.tables(*installation)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_tables_are_what_the_code_says_now(path: Path, tables: dict[str, str]) -> None:
    before = path.read_text(encoding="utf-8")

    assert reference.filled(before, tables) == before, "run `make docs`"


def test_every_table_has_its_place(tables: dict[str, str]) -> None:
    marks = re.findall(r"<!-- (\w+): written by", "".join(map(Path.read_text, DOCS)))

    assert sorted(marks) == sorted(tables)


def test_settings_are_documented_with_their_defaults_and_no_other() -> None:
    rows = re.findall(r"^\| `VIGIL_(\w+)` \| (.+?) \|", text("docs/settings.md"), re.MULTILINE)
    fields = Settings.model_fields.items()

    assert {name.lower(): default for name, default in rows} == {
        name: "none" if field.default is None else f"`{field.default}`" for name, field in fields
    }


def test_the_example_of_a_settings_file_can_be_read(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", text("docs/settings.md"), re.DOTALL)
    assert example is not None
    names = re.findall(r"^(\w+) =", example[1], re.MULTILINE)

    assert set(names) <= set(Settings.model_fields)


def test_commands_are_documented_and_no_other() -> None:
    heading = re.compile(r"^### `vigil ([a-z -]+?)(?: [\[A-Z-].*)?`$", re.MULTILINE)
    documented = heading.findall(text("docs/cli.md"))

    assert sorted(documented) == sorted(words for words, _ in reference.commands())


def test_every_option_is_documented_with_its_command() -> None:
    sections = {part.split("`")[0]: part for part in text("docs/cli.md").split("### `vigil ")[1:]}
    missing = [
        (words, parameter.opts[0])
        for words, command in reference.commands()
        for parameter in command.params
        if parameter.name != "help"
        and not any(
            usage.startswith(words) and f"- `{parameter.opts[0]}`" in part.lower()
            for usage, part in sections.items()
        )
    ]

    assert missing == []


def test_routes_are_documented_and_no_other(installation: tuple[FastAPI, Parts]) -> None:
    rows = re.findall(r"^\| ([A-Z]+) \| `(/.*?)` \|", text("docs/routes.md"), re.MULTILINE)

    assert sorted(rows) == sorted(
        (method, path) for path, method, _ in reference.routes(installation[0])
    )


def test_routes_called_public_answer_strangers_and_others_do_not(
    installation: tuple[FastAPI, Parts],
) -> None:
    client = TestClient(installation[0], follow_redirects=False)
    rows = re.findall(r"^\| GET \| `(/[^`{]*)` \| (.+?) \|", text("docs/routes.md"), re.MULTILINE)
    answers = {path: client.get(path).status_code for path, _ in rows if path != "/assets"}

    assert rows
    assert answers == {
        path: 200 if who == "**public**" else 401 for path, who in rows if path != "/assets"
    }


def test_metrics_are_documented_and_no_other(installation: tuple[FastAPI, Parts]) -> None:
    scraped = TestClient(installation[0]).get("/metrics").text
    exposed = set(re.findall(r"^# HELP (vigil_\w+) ", scraped, re.MULTILINE))
    rows = re.findall(r"^\| `(vigil_\w+)` \|", text("docs/operations.md"), re.MULTILINE)

    assert set(rows) == {name for name in exposed if not name.endswith("_created")}


def test_metrics_that_an_alarm_is_advised_on_exist() -> None:
    operations = text("docs/operations.md")
    rows = set(re.findall(r"^\| `(vigil_\w+)` \|", operations, re.MULTILINE))

    assert set(re.findall(r"\b(vigil_[a-z_]+)\b", operations)) == rows


def test_attributes_are_documented_with_their_kind_and_no_other() -> None:
    row = re.compile(r"^\| `(\w+)` \| (text|number|list) \|", re.MULTILINE)
    rows = row.findall(text("docs/routing.md"))

    assert dict(rows) == ATTRIBUTES


def test_the_manifest_shown_is_that_of_the_demonstration() -> None:
    package = ROOT / "platform/vigil/app/demo/packages/chest-view"
    blocks = re.findall(r"```yaml\n(.*?)\n```", text("docs/packages.md"), re.DOTALL)

    assert blocks == [
        (package / name).read_text().rstrip() for name in ("manifest.yaml", "golden/cases.yaml")
    ]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_document_says_at_once_whom_it_is_for(path: Path) -> None:
    title, _, first, *_ = path.read_text(encoding="utf-8").splitlines()

    assert title.startswith("# ")
    assert first.startswith("For ")


@pytest.mark.parametrize("path", [*DOCS, ROOT / "README.md"], ids=lambda path: path.name)
def test_documents_name_only_files_that_exist(path: Path) -> None:
    named = re.findall(r"\b(docs/[\w./-]+\.md)\b", path.read_text(encoding="utf-8"))

    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name)
def test_a_decision_record_has_its_number_and_parts(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    headings = [line.lstrip("# ").lower() for line in lines if line.startswith("## ")]

    assert re.match(rf"# 0*{int(path.name[:4])}\. \S", lines[0])
    assert [part for part in HEADINGS if not any(h.startswith(part) for h in headings)] == []


def test_decision_records_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))


def test_the_readme_names_only_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", text("Makefile"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)`", text("README.md") + text("CONTRIBUTING.md")))

    assert {"demo", "test"} <= named <= targets


def test_the_readme_is_short() -> None:
    assert len(text("README.md").splitlines()) < 90
