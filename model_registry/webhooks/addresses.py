"""Where Vigil may call: public addresses over TLS, and what the installation's list adds.

Whoever may add a webhook decides what this server connects to, so that an address inside the
hospital, of this machine or of a cloud's metadata service would be a way in (SSRF; guides on peers,
trap 6: MLflow #23500). The host is resolved when it is called, every address that it has is judged,
and the connection is made to an address that was judged: a name that changes its mind between the
two (DNS rebinding) gains nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from model_registry.webhooks.errors import BadWebhook, ForbiddenAddress
from vigil.kernel.errors import Fault
from vigil.kernel.identity.models import OrganisationKind

MAX_URL = 2000
_HOST = re.compile(r"[0-9A-Za-z.:_-]{1,253}")
_PRINTABLE = re.compile(r"[!-~]+")
# IPv6 networks that hold an IPv4 address, or lead to one: NAT64, 6to4, Teredo, IPv4-compatible.
_WRAPPED = tuple(
    ipaddress.ip_network(text)
    for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)
_HTTPS = 443
_HERE = ("localhost", ".localhost", ".local", ".internal", ".home.arpa")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> Sequence[str]:
    """Return every address of a host.

    Raises:
        OSError: it has none, or no answer came.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Hosts:
    """Which hosts may be called.

    Attributes:
        listed: `host:port` or `host:*`, lower case: may be private, and may be without TLS.
        resolve: how a name becomes addresses.
    """

    listed: frozenset[str] = frozenset()
    resolve: Resolve = resolve

    @classmethod
    def of(cls, setting: str, kind: OrganisationKind) -> "Hosts":
        """Read the setting for webhooks of one kind of organisation.

        An entry is `KIND@HOST:PORT`. Without a kind it is the network's own, without a port it is
        that of https: a receiver inside is opened for who needs it, and no door beside it.
        """
        entries = [part.strip().lower() for part in setting.split(",")]
        return cls(frozenset(found for one in entries if (found := _entry(one, kind))))

    def is_listed(self, host: str, port: int) -> bool:
        name = host.lower()
        return f"{name}:{port}" in self.listed or f"{name}:*" in self.listed

    def check(self, url: str) -> None:
        """Judge an address by what it says; what its name leads to is judged at every call.

        Raises:
            BadWebhook: it is no address of a web server, or one that is not called.
        """
        faults = self._faults(url)
        if faults:
            raise BadWebhook.because([Fault("url", *fault) for fault in faults])

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host that may be called.

        Raises:
            ForbiddenAddress: one of them may not; then none of them is.
            OSError: the name has no address.
        """
        found = self.resolve(host, port)
        if not self.is_listed(host, port) and any(not is_public(one) for one in found):
            raise ForbiddenAddress("The name leads into a private network.")
        return found

    def _faults(self, url: str) -> list[tuple[str, str]]:
        parts = _split(url)
        if parts is None:
            return [("not an address", "Give an address such as https://example.org/vigil")]
        host, port = parts.hostname or "", parts.port or (_HTTPS if parts.scheme == "https" else 80)
        faults = []
        if parts.username is not None or parts.password is not None:
            faults.append(("has credentials", "Leave them out: messages are signed"))
        if parts.fragment:
            faults.append(("has a fragment", "Leave out what follows the #"))
        if self.is_listed(host, port):
            return faults
        if parts.scheme != "https":
            faults.append(("is not https", "Use TLS, or have the host listed in webhook_hosts"))
        literal = _literal(host)
        is_here = host.lower().rstrip(".").endswith(_HERE) or (literal and not is_public(literal))
        if is_here:
            remedy = "Use a public address, or have the host listed in webhook_hosts"
            faults.append(("leads into a private network", remedy))
        return faults


HostsFor = Mapping[OrganisationKind, Hosts]


def is_public(text: str) -> bool:
    """Whether an address is of the open internet (IANA special-purpose registries)."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if any(address in network for network in _WRAPPED):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _split(url: str) -> SplitResult | None:
    if len(url) > MAX_URL or not _PRINTABLE.fullmatch(url) or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    known = parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.hostname or "")
    return parts if known else None


def _entry(text: str, kind: OrganisationKind) -> str | None:
    """Return an entry of the setting as it is looked up; None where it is for another kind."""
    owner, is_named, place = text.rpartition("@")
    if not place or (owner if is_named else OrganisationKind.NETWORK) != kind:
        return None
    # An IPv6 address stands in brackets here, and without them in what is looked up.
    host, has_port, port = place.rpartition(":")
    if not has_port or place.endswith("]"):
        host, port = place, str(_HTTPS)
    return f"{host.strip('[]')}:{port}"


def _literal(host: str) -> str | None:
    """Return the address that a host is itself, in any of the ways in which C libraries read one.

    `2130706433`, `0x7f.1` and `127.1` are all 127.0.0.1.
    """
    if ":" in host:
        return host
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None
