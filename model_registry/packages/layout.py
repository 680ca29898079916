"""Which files a package has, and how large each may be."""

import re
from collections import Counter
from collections.abc import Iterable

from vigil.kernel.errors import Fault

MANIFEST = "manifest.yaml"
MODEL = "model.onnx"
CARD = "card.yaml"
SAFETY_CASE = "safety_case.yaml"
REFERENCE = "reference.parquet"
CASES = "golden/cases.yaml"
SIGNATURE = "signature.json"
CHANGE_PLAN = "change_plan.yaml"
REQUIRED = (MANIFEST, MODEL, CARD, SAFETY_CASE, CASES)

_MB = 1024 * 1024
MAX_MEMBERS = 200
MAX_TOTAL = 768 * _MB
_LIMITS = {
    MANIFEST: _MB,
    MODEL: 512 * _MB,
    CARD: _MB,
    SAFETY_CASE: _MB,
    REFERENCE: 64 * _MB,
    CASES: _MB,
    SIGNATURE: _MB // 8,
    CHANGE_PLAN: _MB,
    "LICENCE": _MB,
    "LICENCE.txt": _MB,
    "LICENSE": _MB,
    "LICENSE.txt": _MB,
    "README": _MB,
    "README.md": _MB,
    "README.txt": _MB,
}
_GOLDEN = re.compile(r"golden/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\.(npy|dcm)")
_GOLDEN_LIMIT = 64 * _MB
_NAMED = ", ".join((*REQUIRED, REFERENCE, CHANGE_PLAN, SIGNATURE))
_EXPECTED = f"Keep to {_NAMED}, golden/*.npy, golden/*.dcm, a licence"


def is_expected(name: str) -> bool:
    return name in _LIMITS or bool(_GOLDEN.fullmatch(name))


def limit_of(name: str) -> int:
    """Return the largest size that a file of this name may have."""
    return _LIMITS.get(name, _GOLDEN_LIMIT)


def faults_in_names(names: Iterable[str]) -> list[Fault]:
    """Return what is wrong with the names: unknown, twice, or too many."""
    listed = list(names)
    faults = [
        Fault(_printable(name), "not a file of a package", f"{_EXPECTED}; leave the rest out")
        for name in sorted(set(listed))
        if not is_expected(name)
    ]
    faults += [
        Fault(_printable(name), "occurs twice", "Keep one of them")
        for name, count in sorted(Counter(listed).items())
        if count > 1
    ]
    if len(listed) > MAX_MEMBERS:
        remedy = f"Put at most {MAX_MEMBERS} files in it"
        faults.append(Fault("(archive)", f"{len(listed)} files", remedy))
    return faults


def missing(names: Iterable[str]) -> list[Fault]:
    present = set(names)
    return [
        Fault(name, "missing", "Add it; `vigil package init` writes one to fill in")
        for name in REQUIRED
        if name not in present
    ]


def _printable(name: str) -> str:
    return ascii(name[:120])[1:-1]
