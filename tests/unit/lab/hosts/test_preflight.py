"""What may lie in the way of the lab's address range."""

import subprocess
import sys
from ipaddress import IPv4Network

import preflight
import pytest
from preflight import check_range, network_of_256

SUBNET = IPv4Network("198.18.0.0/24")
OURS = {"name": "lab", "network_interface": "podman1", "subnets": [{"subnet": "198.18.0.0/24"}]}
DEFAULT = {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0"}


def faults(networks=(), routes=()):
    return list(check_range("lab", SUBNET, list(networks), list(routes)))


def test_a_free_range_is_taken():
    other = {"name": "podman", "network_interface": "podman0", "subnets": [{"subnet": "10.88.0.0/16"}]}
    assert faults([other], [DEFAULT, {"dst": "192.0.2.0/24", "dev": "eth0"}]) == []


def test_the_labs_own_network_and_its_route_are_not_in_the_way():
    assert faults([OURS], [{"dst": "198.18.0.0/24", "dev": "podman1"}]) == []


def test_another_network_in_the_way_is_named_once():
    other = {"name": "other", "network_interface": "podman1", "subnets": [{"subnet": "198.18.0.0/25"}]}
    assert faults([other], [{"dst": "198.18.0.0/25", "dev": "podman1"}]) == [
        "lab_subnet is 198.18.0.0/24, but Podman's network other already has 198.18.0.0/25: "
        "give lab_subnet a range of 256 addresses that is free, like 198.18.7.0/24"
    ]


@pytest.mark.parametrize("taken", ["198.18.0.0/15", "198.18.0.128/25", "198.18.0.7"])
def test_a_route_in_the_way_is_named(taken):
    (fault,) = faults(routes=[DEFAULT, {"dst": taken, "dev": "eth1"}])
    assert f"the route through eth1 already has {taken}" in fault


def test_a_route_to_nowhere_has_no_device():
    (fault,) = faults(routes=[{"type": "blackhole", "dst": "198.18.0.0/24"}])
    assert "the route through no device" in fault


def test_networks_of_ipv6_or_without_a_range_are_not_in_the_way():
    six = {"name": "six", "network_interface": "podman6", "subnets": [{"subnet": "fd00::/64"}]}
    assert faults([six, {"name": "none", "network_interface": "podman7"}]) == []


def test_the_labs_network_with_another_range_is_to_be_taken_down_first():
    before = OURS | {"subnets": [{"subnet": "198.18.9.0/24"}]}
    (fault,) = faults([before], [{"dst": "198.18.9.0/24", "dev": "podman1"}])
    assert "network lab is there with 198.18.9.0/24: take the lab down first" in fault


@pytest.mark.parametrize("text", ["", "198.18.0.0", "198.18.0.0/16", "198.18.0.1/24", "198.18.0.0/25", "fd00::/24"])
def test_what_is_not_a_network_of_256_addresses_is_refused(text):
    assert network_of_256(text) is None


PUBLIC = ["8.8.8.0/24", "172.32.0.0/24", "198.17.255.0/24", "198.20.0.0/24"]
SPECIAL = ["0.0.0.0/24", "127.0.0.0/24", "169.254.7.0/24", "192.0.2.0/24", "224.0.0.0/24", "240.0.0.0/24"]


@pytest.mark.parametrize("text", PUBLIC + SPECIAL)
def test_what_is_not_private_is_refused(text):
    assert network_of_256(text) is None


@pytest.mark.parametrize(
    "text", ["10.1.2.0/24", "172.31.255.0/24", "192.168.0.0/24", "198.18.7.0/24", "198.19.255.0/24"]
)
def test_a_private_network_of_256_addresses_is_accepted(text):
    assert network_of_256(text) == IPv4Network(text)


def test_a_refusal_names_the_value_what_is_allowed_and_what_to_do():
    result = subprocess.run([sys.executable, preflight.__file__, "lab", "127.0.0.0/24"], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr == (
        "lab_subnet is 127.0.0.0/24, not a network of 256 addresses in one of "
        "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15: "
        "give lab_subnet one that is free, like 198.18.7.0/24\n"
    )
