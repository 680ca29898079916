"""Logs as JSON lines without patient data, and the Prometheus registry.

A log line holds an event name and plain facts: ids of ours, counts, durations, status codes. Any
value that is not plain is replaced by its type's name, and an exception is logged by its type and
place: the text of a foreign exception may quote the DICOM data that caused it (design invariant 8).
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from vigil.kernel.errors import VigilError

_PLAIN = (str, int, float, bool, type(None))
_PATIENT_WORDS = ("patient", "birth", "accession", "nhs_number", "physician")
REDACTED = "[redacted]"


def configure_logging(level: str) -> None:
    """Send structured logs, and what libraries log, to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            describe_exception,
            without_patient_data,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries may log data sets: only their warnings pass, and those without arguments.
    logging.basicConfig(level=logging.WARNING, handlers=[_LibraryHandler()], force=True)
    logging.captureWarnings(True)


def logger(name: str) -> Any:
    """Return the logger of a part, such as `inference.node`."""
    return structlog.get_logger().bind(part=name)


def without_patient_data(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in line.items():
        if any(word in key.lower() for word in _PATIENT_WORDS):
            line[key] = REDACTED
        elif not isinstance(value, _PLAIN):
            line[key] = f"<{type(value).__name__}>"
    return line


def describe_exception(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    error = line.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        line["error"] = type(error).__name__
        if isinstance(error, VigilError):
            line["problem"] = error.detail
        frames = traceback.extract_tb(error.__traceback__)
        line["place"] = " < ".join(f"{f.name}:{f.lineno}" for f in reversed(frames[-4:]))
    return line


class _LibraryHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logger(record.name).warning("library", place=f"{record.module}:{record.lineno}")


def expose(registry: CollectorRegistry, host: str, port: int) -> None:
    """Serve what this process counts, where a port is named; 0 names none."""
    if port:
        start_http_server(port, addr=host, registry=registry)


def new_registry() -> CollectorRegistry:
    """Return an empty metrics registry: one a process, passed to the parts that count."""
    return CollectorRegistry()
