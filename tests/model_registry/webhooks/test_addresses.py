"""Where Vigil calls, and where nobody gets it to call."""

import socket
from collections.abc import Sequence

import pytest

from model_registry.webhooks.addresses import Hosts, is_public
from model_registry.webhooks.errors import BadWebhook, ForbiddenAddress
from vigil.kernel.identity.models import OrganisationKind

INSIDE = [
    "127.0.0.1", "127.1.2.3", "::1", "::", "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "0.0.0.0",  # noqa: S104 - judged, not bound to
    "192.168.1.1", "169.254.169.254", "169.254.170.2", "100.64.0.1", "192.0.0.1", "192.0.2.1",
    "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "fe80::1", "fe80::1%eth0", "fc00::1",
    "fd00:ec2::254", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "::ffff:a00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:53aa::1",
    "::127.0.0.1", "not an address",
]  # fmt: skip

LITERALS = [
    "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://10.1.2.3/",
    "https://169.254.169.254/latest/meta-data/", "https://2130706433/", "https://0x7f000001/",
    "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/", "https://0/", "https://localhost/",
    "https://LOCALHOST./", "https://pacs.localhost/", "https://printer.local/",
    "https://metadata.google.internal/", "https://[fe80::1%25eth0]/", "https://[fd00::1]/",
]  # fmt: skip

NOT_ADDRESSES = [
    "", "example.org", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/",
    "https://", "https:///path", "https://exa mple.org/", "https://example.org:port/",
    "https://example.org:99999/", "https://example.org\\@127.0.0.1/", "https://éxample.org/",
    "https://example.org/\r\nHost: x", "javascript:alert(1)", "https://" + "a" * 3000,
]  # fmt: skip


def leads_to(*addresses: str) -> Hosts:
    def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return Hosts(resolve=resolve)


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_the_open_internet_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_what_is_is(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", LITERALS)
def test_an_address_that_says_where_it_leads_is_refused_at_once(url: str) -> None:
    with pytest.raises(BadWebhook, match=r"private network|not an address"):
        Hosts().check(url)


@pytest.mark.parametrize("url", NOT_ADDRESSES)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BadWebhook, match="not an address"):
        Hosts().check(url)


@pytest.mark.parametrize(
    "url", ["https://example.org/", "https://example.org:8443/a?b=c", "https://8.8.8.8/x"]
)
def test_public_addresses_over_tls_are_taken(url: str) -> None:
    Hosts().check(url)


def test_credentials_fragments_and_plain_http_are_named_together() -> None:
    with pytest.raises(BadWebhook) as caught:
        Hosts().check("http://user:pass@example.org/#here")

    assert [fault.problem for fault in caught.value.faults] == [
        "has credentials", "has a fragment", "is not https",
    ]  # fmt: skip


def test_a_listed_host_may_be_private_and_without_tls() -> None:
    setting = " relay.hospital.example:* , 10.1.2.3:8080,[fd00::1]:8443,10.1.2.4"
    hosts = Hosts.of(setting, OrganisationKind.NETWORK)

    hosts.check("http://relay.hospital.example/x")
    hosts.check("http://RELAY.hospital.example:9/x")
    hosts.check("http://10.1.2.3:8080/x")
    hosts.check("https://[fd00::1]:8443/x")
    hosts.check("https://10.1.2.4/x")
    for url in ("http://10.1.2.3:8081/x", "http://10.1.2.4:22/x", "https://[fd00::1]/x"):
        with pytest.raises(BadWebhook):
            hosts.check(url)
    with pytest.raises(BadWebhook, match="credentials"):
        hosts.check("http://a:b@relay.hospital.example/")


def test_a_host_is_listed_for_one_kind_of_organisation() -> None:
    setting = "network@10.1.2.3:443, provider@10.1.2.4:443, 10.1.2.5:443"
    called = {
        kind: {
            host
            for host in ("10.1.2.3", "10.1.2.4", "10.1.2.5")
            if Hosts.of(setting, kind).is_listed(host, 443)
        }
        for kind in OrganisationKind
    }
    assert called == {
        OrganisationKind.NETWORK: {"10.1.2.3", "10.1.2.5"},
        OrganisationKind.PROVIDER: {"10.1.2.4"},
        OrganisationKind.SUPPLIER: set(),
    }


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_not_called(address: str) -> None:
    with pytest.raises(ForbiddenAddress):
        leads_to(address).addresses("example.org", 443)


def test_one_bad_address_among_good_ones_is_enough() -> None:
    with pytest.raises(ForbiddenAddress):
        leads_to("8.8.8.8", "127.0.0.1").addresses("example.org", 443)
    assert leads_to("8.8.8.8").addresses("example.org", 443) == ("8.8.8.8",)


def test_this_machine_s_own_name_is_not_called() -> None:
    with pytest.raises(ForbiddenAddress):
        Hosts().addresses("localhost", 443)
    assert socket.inet_aton("2130706433") == socket.inet_aton("127.0.0.1")
    with pytest.raises(ForbiddenAddress):
        Hosts().addresses("2130706433", 443)
