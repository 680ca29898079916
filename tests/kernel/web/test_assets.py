import re
from importlib.metadata import version
from pathlib import Path

import pytest

from vigil.kernel.web import assets


@pytest.fixture
def built(tmp_path: Path) -> assets.Assets:
    return assets.build(tmp_path / "assets")


def test_the_versions_of_templates_and_styles_belong_together(built: assets.Assets) -> None:
    assert version("nhsuk-frontend-jinja") == assets.TEMPLATES_VERSION
    script = (built.folder / built.names["nhsuk.js"]).read_text()
    assert f'"{assets.FRONTEND_VERSION}"' in script


def test_no_file_asks_another_server(built: assets.Assets) -> None:
    for name in built.names.values():
        text = (built.folder / name).read_text()
        assert not re.search(r"url\((?!data:|#)", text), name
        assert "assets.nhs.uk" not in text


def test_only_remote_fonts_are_dropped() -> None:
    local = "@font-face{src:url(a.woff2)}"
    remote = "@font-face {src:url(https://fonts.example/a.woff2)}"
    assert assets.without_remote_fonts(f"a{{}}{remote}{local}b{{}}") == f"a{{}}{local}b{{}}"


def test_a_name_changes_with_its_content_and_imports_follow(built: assets.Assets) -> None:
    assert all(re.fullmatch(r"\w+-[0-9a-f]{12}\.\w+", name) for name in built.names.values())
    script = (built.folder / built.names["init.js"]).read_text()
    assert f'"./{built.names["nhsuk.js"]}"' in script


def test_building_again_leaves_only_what_the_manifest_names(built: assets.Assets) -> None:
    (built.folder / "old-123.css").touch()
    again = assets.build(built.folder)
    found = {path.name for path in built.folder.iterdir()}
    assert found == {*again.names.values(), assets.MANIFEST}
    assert assets.load(built.folder) == again
