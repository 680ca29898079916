"""DBOS's log lines, as ours: that something happened and where, not the text.

Its texts quote the errors of steps, and those may quote data (design invariant 8).
"""

import logging

from vigil.kernel.telemetry import logger

_NAME = "dbos"


class _Forwarder(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        logger("kernel.engine").log(
            record.levelno,
            "dbos",
            place=f"{record.module}:{record.lineno}",
            error=type(error).__name__ if error else None,
        )


def forward_logs() -> None:
    """Take the place of DBOS's console handler, which it adds only where there is none."""
    library = logging.getLogger(_NAME)
    if not any(isinstance(handler, _Forwarder) for handler in library.handlers):
        library.handlers[:] = [_Forwarder()]
    library.propagate = False
    library.setLevel(logging.WARNING)
