"""Which preprocessing this is: a digest of the code that makes a model's inputs.

The manifest's digest names the steps that a supplier declared; this one names what Vigil does for
them. Comments, docstrings and layout do not count: they change no number.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

_COUNTED = ("grey", "picture", "pixels", "resampling", "steps", "tensors")
_Documented = ast.Module | ast.ClassDef | ast.FunctionDef


@cache
def implementation_digest() -> str:
    """Return the SHA-256 of the code of every step."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for name in _COUNTED:
        digest.update(f"{name}\n{essence((folder / f'{name}.py').read_text())}\n".encode())
    return digest.hexdigest()


def essence(source: str) -> str:
    """Return Python code without what does not act."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, _Documented) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
