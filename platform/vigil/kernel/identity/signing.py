"""What a signature takes: a reason, and the password of who signs, said again."""

from vigil.kernel.errors import Fault
from vigil.kernel.identity import service
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.attempts import TooManyPasswords
from vigil.kernel.identity.errors import BadCredentials
from vigil.kernel.parts import Parts


def signature_faults(
    parts: Parts, actor: Actor, cookie: str | None, *, password: str, reason: str
) -> tuple[Fault, ...]:
    """Return what is wrong with a signature, at the fields `reason` and `password`.

    A wrong password counts for the browser session of `cookie`; after too many none is looked at.
    """
    faults = [] if reason.strip() else [Fault("reason", "empty", "Say what you looked at")]
    try:
        service.confirm_password(parts.database, actor, cookie, password)
    except BadCredentials:
        faults.append(Fault("password", "not your password", "Type the one you sign in with"))
    except TooManyPasswords as error:
        problem, _, remedy = error.detail.rstrip(".").partition(". ")
        faults.append(Fault("password", problem, f"{remedy}, or sign out and in again"))
    return tuple(faults)
