"""What can go wrong between a DICOM file and a model's inputs.

Invalid
  CannotPreprocess
    Undecodable         the file has no image that can be read
    StepFailed          a declared step cannot be done with this image; names the step
    MissingAttribute    an input needs an attribute that the header does not have
"""

from vigil.kernel.errors import Invalid


class CannotPreprocess(Invalid):
    title = "The image cannot be prepared for the model"


class Undecodable(CannotPreprocess):
    title = "The image cannot be read"


class StepFailed(CannotPreprocess):
    title = "A preprocessing step failed"


class MissingAttribute(CannotPreprocess):
    title = "The header lacks what the model needs"
