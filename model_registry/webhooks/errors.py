"""What can go wrong with webhooks.

Invalid
  BadWebhook        the address or the topics cannot be used; names each fault
  ForbiddenAddress  the address leads into a network that Vigil does not call
Conflict
  WebhookEnded      the webhook was ended
  NotFinished       the delivery is still under way
  NothingDead       no message was given up
NotFound
  UnknownWebhook
  UnknownDelivery
"""

from vigil.kernel.errors import Conflict, Invalid, NotFound


class BadWebhook(Invalid):
    title = "This webhook cannot be made"


class ForbiddenAddress(Invalid):
    title = "Vigil does not call this address"


class WebhookEnded(Conflict):
    title = "The webhook was ended"


class NotFinished(Conflict):
    title = "The delivery is under way"


class NothingDead(Conflict):
    title = "Nothing was given up"


class UnknownWebhook(NotFound):
    title = "No such webhook"


class UnknownDelivery(NotFound):
    title = "No such webhook delivery"
