import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOMAINS = ("model_registry", "inference", "surveillance", "transparency_cards")
ROOMS = {"service", "repository", "models", "errors"}
# The machinery of pages is no noun: its modules are not rooms.
NO_NOUNS = {"vigil.kernel.web"}


def test_the_order_of_rooms_is_kept_in_every_noun() -> None:
    parents = {domain: ROOT / domain for domain in DOMAINS}
    parents["vigil.kernel"] = ROOT / "platform" / "vigil" / "kernel"
    nouns = {
        f"{name}.{folder.name}"
        for name, parent in parents.items()
        for folder in parent.iterdir()
        if ROOMS & {module.stem for module in folder.glob("*.py")}
    }
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    rooms = next(one for one in settings["contracts"] if one["name"].startswith("Rooms"))

    assert nouns - NO_NOUNS <= set(rooms["containers"])
