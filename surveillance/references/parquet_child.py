"""Turn a supplier's Parquet file into plain columns, in a process that can do nothing else.

    python -P -m surveillance.references.parquet_child MEGABYTES SECONDS < FILE > COLUMNS.json

The file is a stranger's and its reader is written in C++. Limits first, then the reader.
"""

import importlib
import json
import resource
import sys

from model_registry.packages.network import leave_network

MAX_ROWS = 200_000
MAX_COLUMNS = 256


def main(megabytes: str, seconds: str) -> int:
    for limit, value in (
        (resource.RLIMIT_AS, int(megabytes) * 1024 * 1024),
        (resource.RLIMIT_CPU, int(seconds)),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    leave_network()
    data = sys.stdin.buffer.read()
    arrow, parquet = (importlib.import_module(name) for name in ("pyarrow", "pyarrow.parquet"))
    arrow.set_cpu_count(1)
    file = parquet.ParquetFile(arrow.BufferReader(data))
    rows, names = file.metadata.num_rows, file.schema_arrow.names
    if rows > MAX_ROWS or len(names) > MAX_COLUMNS:
        sys.stderr.write(f"{rows} rows, {len(names)} columns: too large")
        return 2
    table = file.read(use_threads=False).to_pydict()
    # NaN and infinities are words of Python's JSON, which only our own parser reads.
    sys.stdout.write(json.dumps(table, default=str))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
