"""
Health check of the web container: ``python -m embedded.health`` ends with 0 or 1.

Asks this machine's own server under a name that the installation answers to.
"""

import http.client
import os
import sys

PORT = 8000
PATIENCE = 4  # seconds; the container engine's own limit is 5


def healthy(port: int, allowed_hosts: str) -> bool:
    """Whether ``/healthz`` answers with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/healthz", headers={"Host": host(allowed_hosts)})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def host(allowed_hosts: str) -> str:
    """Find a name that ALLOWED_HOSTS lets in."""
    first = allowed_hosts.split(",", maxsplit=1)[0].strip().lstrip(".")
    return first if first not in {"", "*"} else "localhost"


if __name__ == "__main__":
    sys.exit(0 if healthy(PORT, os.environ.get("ALLOWED_HOSTS", "")) else 1)
