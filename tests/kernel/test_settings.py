from pathlib import Path

import pytest

from vigil.kernel.errors import Invalid
from vigil.kernel.settings import KernelSettings, explain, load


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_environment_beats_the_file_and_the_file_beats_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("vigil.toml").write_text('http_port = 9000\nhttp_host = "0.0.0.0"\n')
    monkeypatch.setenv("VIGIL_HTTP_PORT", "9001")

    rows = {row.name: row for row in explain(load(KernelSettings))}

    assert (rows["http_port"].value, rows["http_port"].source) == ("9001", "VIGIL_HTTP_PORT")
    assert (rows["http_host"].value, rows["http_host"].source) == ("0.0.0.0", "vigil.toml")  # noqa: S104 - text
    assert rows["brand"].source == "default"


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIL_DATABASE_URL", "postgresql+psycopg://vigil:hunter2@db/vigil")

    rows = explain(load(KernelSettings))

    assert "hunter2" not in str(rows)


def test_a_value_that_does_not_fit_names_the_setting_but_not_the_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VIGIL_HTTP_PORT", "eighty")

    with pytest.raises(Invalid, match="http_port") as caught:
        load(KernelSettings)

    assert "VIGIL_HTTP_PORT" in str(caught.value)
    assert "eighty" not in str(caught.value)


def test_an_unknown_word_in_the_file_is_refused() -> None:
    Path("vigil.toml").write_text("htpp_port = 9000\n")

    with pytest.raises(Invalid, match="htpp_port"):
        load(KernelSettings)


def test_a_file_that_is_not_toml_is_refused() -> None:
    Path("vigil.toml").write_text("http_port 9000\n")

    with pytest.raises(Invalid, match=r"vigil\.toml"):
        load(KernelSettings)
