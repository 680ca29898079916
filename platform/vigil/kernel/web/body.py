"""What every JSON body of a request is: exactly the fields that the route knows.

A field that nobody reads is a mistake of the caller, such as `treshold`: taken in silence it would
put something else in force than was asked for.
"""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")
