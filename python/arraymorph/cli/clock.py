"""The clock of an HTTP server, from the Date header of whatever it answers."""

from __future__ import annotations

import email.utils
import http.client
import ssl
import time
from urllib.parse import urlsplit

_SECONDS = 10.0  # to wait for an answer


def clock_difference(endpoint: str, ca_bundle: str | None) -> float | None:
    """Seconds by which the server's clock is ahead of this machine's, to about a second.

    None when the answer has no date. `endpoint` is "http://host:port" or with https; `ca_bundle`
    a file of certificates. Raises OSError when nobody answers.
    """
    parts = urlsplit(endpoint)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=ca_bundle)
        connection = http.client.HTTPSConnection(parts.netloc, timeout=_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=_SECONDS)
    try:
        sent = time.time()
        connection.request("HEAD", "/")
        date = connection.getresponse().getheader("Date")
        received = time.time()
    except http.client.HTTPException as error:
        raise OSError(f"this is no HTTP server ({error or type(error).__name__})") from error
    finally:
        connection.close()
    if date is None:
        return None
    try:
        told = email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    # The header has whole seconds: half a second is added for what it leaves out.
    return told + 0.5 - (sent + received) / 2
