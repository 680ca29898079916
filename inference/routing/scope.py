"""Which studies a model gets by a site's rules, and how that changes from revision to revision.

A scope is the "or" of the model's rules; a rule's name, place and priority do not belong to it. Two
scopes are compared by their conditions' own terms: a condition with more terms joined by `&&` takes
no study that one with fewer of them leaves. Where the terms do not say, the scope has changed.
"""

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

# A text, a word or number, an operator of two signs, or one sign.
_TOKEN = re.compile(
    r"""[bBrR]{0,2}(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|\w+(?:\.\d+)?|&&|\|\||[=!<>]=|\S""",
    re.DOTALL,
)
_COMMENT = re.compile(r"//[^\n]*")
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")

MAX_WAYS = 1000

Terms = frozenset[str]


class ScopeChange(StrEnum):
    """How one scope lies to another, as a reason says it."""

    SAME = "left"
    NARROWED = "narrowed"
    WIDENED = "widened"
    OTHER = "changed"


def compare(before: Iterable[str], after: Iterable[str]) -> ScopeChange:
    """Say what became of a scope, given the conditions of the model's rules before and after."""
    had, has = _alternatives(before), _alternatives(after)
    nothing_won = all(any(old <= new for old in had) for new in has)
    nothing_lost = all(any(new <= old for new in has) for old in had)
    if nothing_won and nothing_lost:
        return ScopeChange.SAME
    if nothing_won:
        return ScopeChange.NARROWED
    return ScopeChange.WIDENED if nothing_lost else ScopeChange.OTHER


def _alternatives(conditions: Iterable[str]) -> set[Terms]:
    return {terms for condition in conditions for terms in _ways(_tokens(condition))}


def _ways(tokens: Sequence[str]) -> set[Terms]:
    """Return the sets of terms of which one has to hold: the disjunctive normal form."""
    bare = _bare(tokens)
    either = _split(bare, "||")
    if len(either) > 1:
        return set().union(*(_ways(part) for part in either))
    both = _split(bare, "&&")
    if len(both) == 1:
        return {frozenset([" ".join(bare)])}
    parts = [_ways(part) for part in both]
    if math.prod(len(part) for part in parts) > MAX_WAYS:
        return {frozenset([" ".join(bare)])}
    return {frozenset().union(*chosen) for chosen in itertools.product(*parts)}


def _tokens(condition: str) -> list[str]:
    # A comment could stand for a text that holds `//`: then the condition is compared as it is.
    if _COMMENT.search(condition) and ("'" in condition or '"' in condition):
        return [condition]
    return _TOKEN.findall(_COMMENT.sub("", condition))


def _split(tokens: Sequence[str], operator: str) -> list[list[str]]:
    """Split at an operator outside of brackets, unless one that binds less stands there too."""
    weaker = {"?"} if operator == "||" else {"?", "||"}
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth == 0 and token in weaker:
            return [list(tokens)]
        if depth == 0 and token == operator:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _bare(tokens: Sequence[str]) -> list[str]:
    """Take off brackets that hold the whole."""
    bare = list(tokens)
    while len(bare) > 1 and bare[0] == "(" and _closes(bare) == len(bare) - 1:
        bare = bare[1:-1]
    return bare


def _closes(tokens: Sequence[str]) -> int:
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth == 0:
            return place
    return -1
