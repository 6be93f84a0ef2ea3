"""The objects of one stored file behind ArrayMorph's back, to look at them and to damage them."""

from __future__ import annotations

from pathlib import Path

import seaweed


class Objects:
    """Keys are relative to the file's prefix. Parents are made, and absent keys are errors."""

    def read(self, key: str) -> bytes:
        raise NotImplementedError

    def write(self, key: str, body: bytes) -> None:
        raise NotImplementedError

    def remove(self, key: str) -> None:
        raise NotImplementedError


class LocalObjects(Objects):
    """Files in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, key: str) -> bytes:
        return (self.directory / key).read_bytes()

    def write(self, key: str, body: bytes) -> None:
        path = self.directory / key
        path.parent.mkdir(parents=True, exist_ok=True)
        # A new file, as another program would write it: without the attribute of the old one.
        draft = path.with_name(path.name + ".new")
        draft.write_bytes(body)
        draft.replace(path)

    def remove(self, key: str) -> None:
        (self.directory / key).unlink()


class S3Objects(Objects):
    """Objects on a server that the settings name; names need no percent-encoding."""

    def __init__(self, settings: dict[str, str], url: str) -> None:
        self.settings = settings
        self.path = "/" + url.removeprefix("s3://")

    def _request(self, method: str, key: str, body: bytes = b"") -> bytes:
        settings = self.settings
        status, answer = seaweed.signed_request(
            settings["AWS_ENDPOINT_URL_S3"].removeprefix("http://"),
            (settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"]),
            method,
            f"{self.path}/{key}",
            body,
            region=settings.get("AWS_REGION", seaweed.REGION),
        )
        assert status < 300, f"{method} {self.path}/{key}: {status} {answer!r}"
        return answer

    def read(self, key: str) -> bytes:
        return self._request("GET", key)

    def write(self, key: str, body: bytes) -> None:
        self._request("PUT", key, body)

    def remove(self, key: str) -> None:
        self._request("DELETE", key)
