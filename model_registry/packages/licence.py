"""Whether `model.licence` says under which terms a model may be used.

It is an SPDX licence expression (SPDX 2.3 annex D): known identifiers joined by AND, OR and WITH.
Terms of the supplier's own are `LicenseRef-NAME` or `proprietary`, with their text in the package.
"""

import re
from typing import Final

from model_registry.packages.layout import MANIFEST
from vigil.kernel.errors import Fault

FIELD: Final = f"{MANIFEST}:model.licence"
FILES: Final = ("LICENCE", "LICENCE.txt", "LICENSE", "LICENSE.txt")
KNOWN: Final = frozenset(
    {
        "0BSD", "AFL-3.0", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0", "Artistic-2.0",
        "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Clear", "BSL-1.0", "CC-BY-3.0", "CC-BY-4.0",
        "CC-BY-NC-3.0", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0",
        "CC-BY-ND-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC0-1.0", "CDDL-1.0", "ECL-2.0",
        "EPL-2.0", "EUPL-1.2", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only",
        "GPL-3.0-or-later", "ISC", "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only",
        "LGPL-3.0-or-later", "MIT", "MIT-0", "MPL-2.0", "NCSA", "ODC-By-1.0", "OGL-UK-3.0",
        "PostgreSQL", "Python-2.0", "Unlicense", "Zlib",
    }
)  # fmt: skip
_EXCEPTIONS: Final = frozenset({"Classpath-exception-2.0", "GCC-exception-3.1", "LLVM-exception"})
_OWN: Final = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
_JOINING: Final = frozenset({"AND", "OR"})
_MAX_DEPTH: Final = 8
_PROPRIETARY: Final = "proprietary"
_REMEDY: Final = (
    "Write an SPDX expression such as Apache-2.0, or LicenseRef-NAME with a LICENCE file"
)


def licence_faults(expression: str, files: dict[str, bytes]) -> list[Fault]:
    """Return what is wrong with the licence; an empty list is one that can be told to a site."""
    words = re.findall(r"[()]|[^\s()]+", expression)
    if words == [_PROPRIETARY]:
        return _text_faults(files)
    place = _Place(words)
    place.expression()
    if place.fault or place.rest:
        said = place.fault or f"{place.rest[0][:60]!r} does not belong there"
        return [Fault(FIELD, said, _REMEDY)]
    return _text_faults(files) if any(_OWN.fullmatch(word) for word in words) else []


def _text_faults(files: dict[str, bytes]) -> list[Fault]:
    if any(files.get(name, b"").strip() for name in FILES):
        return []
    remedy = f"Put its text in {FILES[0]}, or name a known SPDX licence"
    return [Fault(FILES[0], "missing, and the licence is the supplier's own", remedy)]


class _Place:
    """A walk along the words of an expression: terms joined by AND and OR, in brackets or not."""

    def __init__(self, words: list[str]) -> None:
        self.rest = words
        self.fault = ""

    def expression(self, depth: int = 0) -> None:
        self._term(depth)
        while not self.fault and self.rest and self.rest[0] in _JOINING:
            self._next()
            self._term(depth)

    def _term(self, depth: int) -> None:
        word = self._next()
        if word == "(" and depth < _MAX_DEPTH:
            self.expression(depth + 1)
            if self._next() != ")":
                self.fault = self.fault or "a bracket is not closed"
        elif word.removesuffix("+") not in KNOWN and not _OWN.fullmatch(word):
            self.fault = self.fault or f"{word[:60]!r} is no licence that is known here"
        elif self.rest[:1] == ["WITH"]:
            self._next()
            if self._next() not in _EXCEPTIONS:
                self.fault = "WITH is not followed by a known exception"

    def _next(self) -> str:
        word, self.rest = (self.rest[0], self.rest[1:]) if self.rest else ("", [])
        return word
