"""Wrong passwords are counted, so that nobody guesses on and nobody locks out somebody else.

A password for a signature counts for the browser session that it is said in: only who holds that
session's cookie can use it up, and signing in anew, which takes the password, gives another one.

At the sign-in page anybody can say anybody's address. A browser that has signed in as this person
before holds a mark and is counted by itself; all others together are counted for the address. Who
guesses from outside closes the door for strangers, not for the person at their own browser.

An attempt is noted before the password is looked at, so that many at once are no way around.
"""

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlmodel import col, select

from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.errors import TooMany
from vigil.kernel.identity.models import PasswordAttempt

WINDOW: Final = timedelta(minutes=15)
MOST_AT_A_SIGNATURE: Final = 5
MOST_AT_SIGN_IN: Final = 10


class TooManyPasswords(TooMany):
    """So many wrong passwords in a row that the next one is not even looked at."""

    title = "Too many wrong passwords"


def begin(database: Database, key: str, most: int) -> int:
    """Note an attempt; return how many there were in the window, this one included.

    Raises:
        TooManyPasswords: there were too many; the password must not be looked at.
    """
    with database.write() as session:
        if not database.is_sqlite:
            lock = sa.text("SELECT pg_advisory_xact_lock(hashtext(:key))")
            session.execute(lock, {"key": key})
        now = session.now()
        session.execute(sa.delete(PasswordAttempt).where(col(PasswordAttempt.at) < now - WINDOW))
        made = _made(session, key)
        if len(made) >= most:
            left = made[-most] + WINDOW - now
            raise TooManyPasswords(_sentence(left), seconds=max(1, round(left.total_seconds())))
        session.add(PasswordAttempt(id=session.new_id("pwa"), key=key, at=now))
    return len(made) + 1


def forget(session: WriteSession, key: str) -> None:
    """Begin to count anew: the password was right."""
    session.execute(sa.delete(PasswordAttempt).where(col(PasswordAttempt.key) == key))


def _made(session: ReadSession, key: str) -> list[datetime]:
    statement = select(PasswordAttempt.at).where(PasswordAttempt.key == key)
    return list(session.exec(statement.order_by(col(PasswordAttempt.at))).all())


def _sentence(left: timedelta) -> str:
    minutes = max(1, -(-int(left.total_seconds()) // 60))
    wait = f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"Too many wrong passwords. Wait {wait}, then try again."
