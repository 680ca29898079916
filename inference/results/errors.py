"""What can go wrong with a result.

Invalid
  SourceUnusable   an image lacks, or mangles, what its result must carry
  ScoreUnusable    a score is no probability
"""

from vigil.kernel.errors import Invalid


class SourceUnusable(Invalid):
    title = "No result can be filed beside this image"


class ScoreUnusable(Invalid):
    title = "The score is no probability"
