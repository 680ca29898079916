"""Read a table of predictions, Parquet or CSV, piece by piece: a million rows need no more memory.

pandas is not used: its import costs seconds, and it would hold the whole table as objects.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from inference.decisions.models import Decision
from surveillance.axes import ALL, UNKNOWN
from surveillance.simulation import parsing
from surveillance.simulation.columns import Chosen, choose
from surveillance.simulation.errors import BadTable
from surveillance.simulation.identifiers import check
from vigil.kernel.errors import Fault

MAX_ROWS: Final = 20_000_000
_PIECE: Final = 65_536
_MAGIC: Final = b"PAR1"
_STREAM: Final = ("version", "site", "finding")
DECISIONS: Final = tuple(decision.value for decision in Decision)
Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Coded:
    """A column of few texts."""

    codes: Codes
    values: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The rows as they were read, in the order of the file; none is left out yet.

    Attributes:
        score_missing: where there was no score at all.
        decision: the place in `DECISIONS`; `UNKNOWN` without one, `UNREAD` for another word.
        ids: one code for each different id; None where the table has none.
    """

    chosen: Chosen
    day: parsing.Days
    score: parsing.Scores
    score_missing: NDArray[np.bool_]
    flagged: parsing.Answers
    label: parsing.Answers
    label_day: parsing.Days
    decision: parsing.Answers
    stream: Mapping[str, Coded]
    axes: Mapping[str, Coded]
    ids: Codes | None

    @property
    def rows(self) -> int:
        return len(self.score)

    def has(self, role: str) -> bool:
        return role in self.chosen.roles


def read(path: Path, axes: Collection[str] = (), *, needs_day: bool = True) -> Table:
    """Read a table.

    Raises:
        BadTable: it is none, is empty, or its columns will not do.
    """
    with _readable():
        names, pieces = _open(path)
        chosen = choose(names, axes, needs_day=needs_day)
        return _gathered(chosen, pieces(chosen.wanted))


def columns_of(path: Path, axes: Collection[str] = (), *, needs_day: bool = True) -> Chosen:
    """Look at the columns only.

    Raises:
        BadTable: they will not do.
    """
    with _readable():
        return choose(_open(path)[0], axes, needs_day=needs_day)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read ({type(error).__name__})"
        remedy = "Save it as Parquet, or as comma-separated UTF-8 text with a header"
        raise BadTable.because([Fault("table", problem, remedy)]) from None


_Pieces = Callable[[list[str]], Iterator[pa.RecordBatch]]


def _open(path: Path) -> tuple[list[str], _Pieces]:
    with path.open("rb") as file:
        is_parquet = file.read(len(_MAGIC)) == _MAGIC
    if is_parquet:
        return list(pq.ParquetFile(path).schema_arrow.names), lambda wanted: _parquet(path, wanted)
    if path.stat().st_size == 0:
        raise BadTable.because([Fault("table", "is empty", "Send a table with a header and rows")])
    with path.open("rb") as file:
        head = file.readline(1 << 20)
    line = head.decode("utf-8-sig").rstrip("\r\n")
    names = pa_csv.read_csv(
        pa.BufferReader((line + "\n").encode()), read_options=pa_csv.ReadOptions(column_names=None)
    ).column_names
    return list(names), lambda wanted: _csv(path, wanted)


def _parquet(path: Path, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(_PIECE, columns=wanted)


def _csv(path: Path, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    """Read every cell as text: a word among numbers is that row's fault, not the table's."""
    options = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(wanted, pa.string()),
        include_columns=wanted,
        strings_can_be_null=True,
        null_values=["", "NULL", "null", "None", "NA"],
    )
    with pa_csv.open_csv(path, convert_options=options) as reader:
        yield from reader


def _gathered(chosen: Chosen, pieces: Iterator[pa.RecordBatch]) -> Table:
    found: dict[str, list[Any]] = {}
    texts: dict[str, list[pa.Array]] = {name: [] for name in (*_STREAM, *chosen.axes, "id")}
    rows = 0
    for piece in pieces:
        rows += piece.num_rows
        if rows > MAX_ROWS:
            fault = Fault("table", f"more than {MAX_ROWS:,} rows", "Send a shorter period")
            raise BadTable.because([fault])
        _take(chosen, piece, found, texts)
    if not rows:
        raise BadTable.because([Fault("table", "has no row", "Send a table with rows")])
    columns = {name: np.concatenate(parts) for name, parts in found.items()}
    coded = {name: _coded(name, parts, rows) for name, parts in texts.items()}
    check(chosen, {name: column.values for name, column in coded.items()})
    return Table(
        chosen=chosen,
        stream={name: coded[name] for name in _STREAM},
        axes={axis: coded[axis] for axis in chosen.axes},
        ids=coded["id"].codes if "id" in chosen.roles else None,
        **columns,
    )


def _take(
    chosen: Chosen,
    piece: pa.RecordBatch,
    found: dict[str, list[Any]],
    texts: dict[str, list[pa.Array]],
) -> None:
    def column(role: str) -> pa.Array:
        name = chosen.roles.get(role)
        return pa.nulls(piece.num_rows, pa.string()) if name is None else piece.column(name)

    values, missing = parsing.scores(column("score"))
    read = {
        "day": parsing.days(column("day" if "day" in chosen.roles else "timestamp")),
        "score": values,
        "score_missing": missing,
        "flagged": parsing.answers(column("flagged")),
        "label": parsing.answers(column("label")),
        "label_day": parsing.days(column("label_day")),
        "decision": _decisions(column("decision")),
    }
    for name, part in read.items():
        found.setdefault(name, []).append(part)
    for name in (*_STREAM, "id"):
        if name in chosen.roles:
            texts[name].append(parsing.texts(column(name)))
    for axis, name in chosen.axes.items():
        texts[axis].append(parsing.texts(piece.column(name)))


def _decisions(column: pa.Array) -> parsing.Answers:
    coded = parsing.texts(column).dictionary_encode()
    places = {value: place for place, value in enumerate(DECISIONS)}
    known = [
        places.get(text.lower(), parsing.UNREAD) if text else parsing.UNKNOWN
        for text in coded.dictionary.to_pylist()
    ]
    values = np.array(known or [parsing.UNKNOWN], dtype=np.int8)
    found: parsing.Answers = values[coded.indices.to_numpy(zero_copy_only=False)]
    return found


def _coded(name: str, parts: list[pa.Array], rows: int) -> Coded:
    if not parts:
        return Coded(np.zeros(rows, dtype=np.int32), (ALL,))
    whole = pa.chunked_array(parts).combine_chunks().dictionary_encode()
    codes = whole.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    if name == "id":
        # Only whether two are the same is wanted of them; an empty one is like no other.
        return Coded(_unlike(codes, whole.dictionary), tuple(whole.dictionary[:1000].to_pylist()))
    # An empty level and one that says "unknown" are the same.
    places: dict[str, int] = {}
    named = [text or UNKNOWN for text in whole.dictionary.to_pylist()]
    same = np.array([places.setdefault(text, len(places)) for text in named], dtype=np.int32)
    return Coded(same[codes], tuple(places))


def _unlike(codes: Codes, dictionary: pa.Array) -> Codes:
    empty = dictionary.index("").as_py()
    if empty < 0:
        return codes
    rows = np.flatnonzero(codes == empty)
    codes = codes.copy()
    codes[rows] = len(dictionary) + np.arange(len(rows), dtype=np.int32)
    return codes
