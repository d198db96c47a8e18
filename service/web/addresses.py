"""What an address says of who calls: used by all that counts by addresses. Pure; asks nobody."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def network_of(address: str) -> str:
    """What one person has of addresses: an IPv4 address, or a /64 of IPv6; what is no address stays
    as it is."""
    parsed = _parse(address)
    if parsed is None:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def public_network(address: str) -> str:
    """The same of an address of the internet; "" of any other, which may be a proxy's, with
    everybody behind it."""
    parsed = _parse(address)
    return network_of(address) if parsed and parsed.is_global else ""


def _parse(address: str) -> Address | None:
    """A server that listens on ``::`` sees IPv4 as ``::ffff:192.0.2.1``, all within one /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed
