"""Under which addresses a class finds this machine."""

import ipaddress
import socket

from minikweb import settings


def test_it_works():
    found = settings._own_addresses()
    assert all(not ipaddress.IPv4Address(address).is_loopback for address in found)
    assert len(found) == len(set(found))


def test_neither_a_way_out_nor_dns_is_needed(monkeypatch):
    class Isolated(socket.socket):
        def connect(self, address):
            raise OSError("Network is unreachable")

    def no_dns(*arguments):
        raise AssertionError("DNS was asked")

    everything = set(settings._own_addresses())
    monkeypatch.setattr(socket, "socket", Isolated)
    monkeypatch.setattr(socket, "gethostbyname_ex", no_dns)
    assert set(settings._own_addresses()) <= everything
