"""The static files of the pages: collected once, at set-up, from two packages and our own folder.

Neither package is imported, since both would want Django. The design system's CSS loses its remote
fonts: a page asks no other server for anything. A file's name holds its digest, so a browser may
keep it for ever.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from vigil.kernel.errors import Unavailable

# One table of what goes together: the templates' version fixes the CSS's (guides: 0.8.0 <-> 10.4).
TEMPLATES_VERSION = "0.8.0"
FRONTEND_VERSION = "10.4.2"
_NHSUK = "static/wagtailnhsukfrontend/{kind}/nhsuk-frontend-{version}.min.{kind}"
MANIFEST = "manifest.json"
_STATIC = Path(__file__).parent / "static"
_FONT_FACE = re.compile(r"@font-face\s*\{[^}]*https?://[^}]*\}")
_SOURCE_MAP = re.compile(r"\n//# sourceMappingURL=.*")


class AssetsMissing(Unavailable):
    title = "The pages' static files are missing"


@dataclass(frozen=True)
class Assets:
    """The collected files: their folder, and the address of each by its plain name."""

    folder: Path
    names: dict[str, str]

    def url(self, name: str) -> str:
        return f"/assets/{self.names[name]}"


def build(folder: Path) -> Assets:
    """Collect every static file into `folder`.

    Raises:
        AssetsMissing: a package of requirements-assets.lock is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    names = {name: _keep(folder, name, text) for name, text in _sources().items()}
    # The module imports its neighbour by name, which is known only now.
    script = (_STATIC / "init.js").read_text().replace("nhsuk.js", names["nhsuk.js"])
    names["init.js"] = _keep(folder, "init.js", script)
    (folder / MANIFEST).write_text(json.dumps(names, indent=2, sort_keys=True))
    return Assets(folder, names)


def load(folder: Path) -> Assets:
    """Read what `build` collected.

    Raises:
        AssetsMissing: it was not run.
    """
    try:
        return Assets(folder, json.loads((folder / MANIFEST).read_text()))
    except FileNotFoundError:
        raise AssetsMissing(
            f"There are no static files in {folder}: run `vigil assets build`."
        ) from None


def without_remote_fonts(css: str) -> str:
    """Drop every font that would be fetched from another server; Arial stands in."""
    return _FONT_FACE.sub("", css)


def _sources() -> dict[str, str]:
    nhsuk, htmx = _package("wagtailnhsukfrontend"), _package("django_htmx")
    styles = _NHSUK.format(kind="css", version=FRONTEND_VERSION)
    script = _NHSUK.format(kind="js", version=FRONTEND_VERSION)
    return {
        "nhsuk.css": without_remote_fonts((nhsuk / styles).read_text()),
        "nhsuk.js": _SOURCE_MAP.sub("", (nhsuk / script).read_text()),
        "htmx.js": (htmx / "static/django_htmx/htmx-2.min.js").read_text(),
        "app.css": (_STATIC / "app.css").read_text(),
        "favicon.svg": (_STATIC / "favicon.svg").read_text(),
    }


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise AssetsMissing(
            f"The package {name} is missing: "
            "run `pip install --no-deps -r requirements-assets.lock`."
        )
    return Path(spec.submodule_search_locations[0])


def _keep(folder: Path, name: str, text: str) -> str:
    data = text.encode()
    stem, _, suffix = name.rpartition(".")
    kept = f"{stem}-{hashlib.sha256(data).hexdigest()[:12]}.{suffix}"
    (folder / kept).write_bytes(data)
    return kept
