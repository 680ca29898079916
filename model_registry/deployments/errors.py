"""What can go wrong with deployments.

Invalid
  BadShare            no percentage of patients
Forbidden
  NotAPerson          a part of Vigil tried what takes a person
  OwnSubmission       who submitted a version neither requests nor approves its use
Conflict
  NotReady            a gate is not met; names each, and who can meet it
  NoSuchWay           the deployment cannot go from its mode to that one
  AlreadyDeployed     the version is in use at this site
  LiveChanged         somebody else made another version live meanwhile
  ChangeClosed        the proposal is applied, withdrawn or overtaken
  ChangeLapsed        the proposal is too old, or what it rests on went stale
  NothingBefore       no other version was live before
Stale
  SomebodyChangedIt   the deployment is not as it was when the actor looked at it
NotFound
  UnknownDeployment, UnknownChange
"""

from vigil.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Stale


class BadShare(Invalid):
    title = "This is not a share of the patients"


class NotAPerson(Forbidden):
    title = "This takes a person"


class OwnSubmission(Forbidden):
    title = "Not for who submitted the version"


class NotReady(Conflict):
    title = "A gate is not met"


class NoSuchWay(Conflict):
    title = "The deployment cannot go there"


class AlreadyDeployed(Conflict):
    title = "The version is in use here"


class LiveChanged(Conflict):
    title = "Another version is live meanwhile"


class ChangeClosed(Conflict):
    title = "This proposal is closed"


class ChangeLapsed(Conflict):
    title = "This proposal has lapsed"


class NothingBefore(Conflict):
    title = "There is nothing to go back to"


class SomebodyChangedIt(Stale):
    title = "Somebody changed this deployment"


class UnknownDeployment(NotFound):
    title = "No such deployment"


class UnknownChange(NotFound):
    title = "No such proposal"
