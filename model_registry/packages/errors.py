"""What can go wrong with a package.

Invalid
  BrokenPackage   the archive, a document or the model breaks a rule; names file, field and remedy
NotFound
  UnknownSchema   no file of a package has a schema of this name
"""

from vigil.kernel.errors import Invalid, NotFound


class BrokenPackage(Invalid):
    title = "The package is not valid"

    @property
    def file(self) -> str:
        """The file that the first fault is about."""
        return self.faults[0].field.split(":", 1)[0] if self.faults else ""


class UnknownSchema(NotFound):
    title = "No such schema"
