from pathlib import Path

from typer.testing import CliRunner

from vigil.kernel.web import assets, cli


def test_the_command_collects_what_the_pages_need(tmp_path: Path) -> None:
    folder = tmp_path / "assets"
    result = CliRunner().invoke(cli.app, ["build"], env={"VIGIL_ASSETS_DIR": str(folder)})
    assert (result.exit_code, result.stdout) == (0, "")
    assert set(assets.load(folder).names) >= {"nhsuk.css", "nhsuk.js", "app.css", "init.js"}
