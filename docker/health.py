"""Is the process of this container well? `health.py web|dicom|worker`; exit code 0 or 1.

Each is asked in the way that it shows: the web process by its health route, the node by whether it
takes a connection, the worker by its heartbeat in the database.
"""

import socket
import sys
import urllib.error
import urllib.request
from datetime import timedelta

from vigil.app.settings import Settings, read
from vigil.kernel.db import Database
from vigil.kernel.engine import status

SECONDS = 5
HERE = "127.0.0.1"


def web(settings: Settings) -> bool:
    """Whether work can be taken: the database answers and the object store can be written."""
    try:
        with urllib.request.urlopen(
            f"http://{HERE}:{settings.http_port}/health/ready", timeout=SECONDS
        ) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP
    except (urllib.error.URLError, TimeoutError):
        return False


def dicom(settings: Settings) -> bool:
    """Whether the node takes a connection; an association would need a known AE title."""
    with socket.socket() as asked:
        asked.settimeout(SECONDS)
        return asked.connect_ex((HERE, settings.dicom_port)) == 0


def worker(settings: Settings) -> bool:
    """Whether the worker of this machine and slot wrote its heartbeat lately."""
    database = Database(settings.database)
    mine = f"{socket.gethostname()}:{settings.worker_slot}"
    since = database.clock() - timedelta(seconds=10 * settings.dead_after_seconds)
    with database.read() as session:
        beats = {one.id: one.beat_at for one in status.workers(session)}
    database.dispose()
    return mine in beats and beats[mine] >= since


PROCESSES = {"web": web, "dicom": dicom, "worker": worker}


def main(arguments: list[str]) -> int:
    """Return 0 if the process that is named is well."""
    return 0 if PROCESSES[arguments[0]](read()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
