"""The clock of an HTTP server, from the Date header of whatever it answers."""

from __future__ import annotations

import email.utils
import http.client
import ssl
import time
import urllib.error
import urllib.request

_SECONDS = 10.0  # to wait for an answer


def clock_difference(endpoint: str, ca_bundle: str | None) -> float | None:
    """Seconds by which the server's clock is ahead of this machine's, to about a second.

    None when the answer has no date. `endpoint` is "http://host:port" or with https, perhaps with a
    path; `ca_bundle` a file of certificates. Proxies of the environment are used. Raises OSError
    when nobody answers.
    """
    context = ssl.create_default_context(cafile=ca_bundle)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
    request = urllib.request.Request(endpoint.rstrip("/") + "/", method="HEAD")
    sent = time.time()
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            date = answer.headers.get("Date")
    except urllib.error.HTTPError as refusal:  # of somebody who is there
        date = refusal.headers.get("Date")
    except urllib.error.URLError as error:
        raise OSError(str(error.reason)) from error
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"this is no HTTP server ({error or type(error).__name__})") from error
    received = time.time()
    if date is None:
        return None
    try:
        told = email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    # The header has whole seconds: half a second is added for what it leaves out.
    return told + 0.5 - (sent + received) / 2
