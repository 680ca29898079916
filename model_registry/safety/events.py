"""What the registry tells higher floors about sign-offs."""

from dataclasses import dataclass

from vigil.kernel.identity.actor import Actor


@dataclass(frozen=True)
class AcceptanceSigned:
    """An officer signed a site's judgement, passed or failed; published while that is written."""

    acceptance_id: str
    signed_by: Actor
