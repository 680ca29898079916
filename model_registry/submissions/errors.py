"""What can go wrong with submissions and uploads.

VigilError
  TooLarge             413  more than an upload may be, or more than was declared
  NotPartial           415  a chunk that does not say that it is one
  NoPrecondition       428  a change that does not say which revision it is of
Conflict
  WrongOffset          the chunk does not begin where the upload ends; `offset` is where it does
  UploadBusy           somebody else is sending to this upload at this moment
  UploadOver           it is complete or was given up
  UploadLost           what was received is not on the disk any more
  TooManyUploads       the supplier has as many unfinished as it may
  NotADraft            it was submitted or withdrawn
  AlreadySubmitted     another submission handed over the same version
  NotPossibleNow       its state forbids it
NotFound
  UnknownUpload        there is none, or it belongs to another supplier
  UnknownSubmission    the same
  UnknownQuestion      this submission has no such question
Invalid
  WrongDigest          the bytes that came are not those that were announced
  Incomplete           a task is not done; names each
Stale
  ChangedMeanwhile     somebody changed the submission after it was opened
"""

from vigil.kernel.errors import Conflict, Invalid, NotFound, Stale, VigilError


class TooLarge(VigilError):
    status = 413
    title = "Too large"
    exit_code = 3


class NotPartial(VigilError):
    status = 415
    title = "Not a part of an upload"
    exit_code = 3


class NoPrecondition(VigilError):
    status = 428
    title = "Say which revision you changed"
    exit_code = 2


class WrongOffset(Conflict):
    title = "The upload goes on elsewhere"

    def __init__(self, detail: str, offset: int = 0) -> None:
        super().__init__(detail)
        self.offset = offset


class UploadBusy(Conflict):
    title = "Somebody is sending to this upload"


class UploadOver(Conflict):
    title = "The upload takes nothing more"


class UploadLost(Conflict):
    title = "What was uploaded is gone"


class TooManyUploads(Conflict):
    title = "Too many unfinished uploads"


class NotADraft(Conflict):
    title = "Not a draft any more"


class AlreadySubmitted(Conflict):
    title = "This package was submitted already"


class NotPossibleNow(Conflict):
    title = "Not possible in this state"


class UnknownUpload(NotFound):
    title = "No such upload"


class UnknownSubmission(NotFound):
    title = "No such submission"


class UnknownQuestion(NotFound):
    title = "No such question"


class WrongDigest(Invalid):
    title = "The bytes are not those announced"


class Incomplete(Invalid):
    title = "A task is not done"


class ChangedMeanwhile(Stale):
    title = "Somebody changed this submission meanwhile"
