"""The way to a server, a step at a time: its name, its port, its TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from time import monotonic
from typing import Final
from urllib.request import getproxies, proxy_bypass

from app.checks.finding import Failed

EYEBALLS_SECONDS: Final = 0.25
"""Until a host's second address is tried beside the first."""

CLOSING_SECONDS: Final = 1.0


async def reach(
    host: str, port: int, *, tls: bool, setting: str, seconds: float, verified: bool = True, proxied: bool = False, hint: str = ""
) -> float:
    """Connect to *host* and *port*, and hang up: the seconds that a connection took. Failed names the step that did not succeed.

    *setting* is what the operator mends; *hint* is added where a server shuts somebody out. A certificate is not looked at where it
    is not to be *verified*. A client that may be *proxied* goes by the proxy of the environment, if there is one for this host: then
    there is nothing to be tried here.
    """
    if proxied and ("https" if tls else "http") in getproxies() and not proxy_bypass(host):
        return 0.0
    await _resolved(host, port, setting, seconds)
    begun = monotonic()
    await _connected(host, port, None, setting, seconds, hint)
    took = monotonic() - begun
    if tls:
        context = ssl.create_default_context()
        if not verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        await _connected(host, port, context, setting, seconds, hint)
    return took


async def _resolved(host: str, port: int, setting: str, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise Failed(f"{host} could not be looked up within {seconds:g} s", "Check this machine's DNS and its network.") from None
    except UnicodeError:
        raise Failed(f"{host} can be no host's name", f"Check {setting}.") from None
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise Failed(f"{host} cannot be looked up now: no DNS server answers", "Check this machine's DNS and its network.") from None
        raise Failed(f"{host} is not known to DNS", f"Check {setting} for a slip; what was deleted or renamed loses its name.") from None


async def _connected(host: str, port: int, context: ssl.SSLContext | None, setting: str, seconds: float, hint: str) -> None:
    where = f"{host} port {port}"
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port, ssl=context, happy_eyeballs_delay=EYEBALLS_SECONDS)
    except TimeoutError:
        if context:
            raise Failed(f"{where} takes connections, but speaks no TLS", _without_tls(setting, hint)) from None
        raise Failed(f"{where} does not answer: something on the way drops it", f"Check {setting} and firewalls. {hint}".rstrip()) from None
    except ConnectionRefusedError:
        raise Failed(f"{where} refuses connections", f"Check the port in {setting}, and that the server is up.") from None
    except ssl.SSLCertVerificationError as error:
        raise Failed(
            f"{where} has a certificate that is not to be trusted: {error.verify_message}",
            f"Check the host in {setting}; a certificate of your own authority needs SSL_CERT_FILE.",
        ) from None
    except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
        if context:
            raise Failed(f"{where} speaks no TLS", _without_tls(setting, hint)) from None
        raise Failed(f"{where} hangs up", f"Check {setting}. {hint}".rstrip()) from None
    except OSError as error:
        raise Failed(f"{where} cannot be reached: {error.strerror or error}", f"Check {setting} and this machine's network.") from None
    writer.close()
    with contextlib.suppress(OSError, TimeoutError, ssl.SSLError):
        async with asyncio.timeout(CLOSING_SECONDS):
            await writer.wait_closed()


def _without_tls(setting: str, hint: str) -> str:
    return f"Check the port and the scheme in {setting}: without the s there is no TLS. {hint}".rstrip()
