"""What can go wrong with accounts.

Unauthenticated
  BadCredentials   wrong address or password (never says which), token unknown, old or revoked
Conflict
  AlreadyThere     the code or address is taken
NotFound
  UnknownSite, UnknownUser, UnknownOrganisation
"""

from vigil.kernel.errors import Conflict, NotFound, Unauthenticated


class BadCredentials(Unauthenticated):
    title = "Not signed in"


class AlreadyThere(Conflict):
    title = "Already there"


class UnknownSite(NotFound):
    title = "No such site"


class UnknownUser(NotFound):
    title = "No such user"


class UnknownOrganisation(NotFound):
    title = "No such organisation"
