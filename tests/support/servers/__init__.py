"""The S3 servers that the tests know. As a command (see ``with-server``, ``./just servers``)."""

from __future__ import annotations

from .ceph import Ceph
from .garage import Garage
from .minio import Minio
from .moto import Moto
from .seaweedfs import SeaweedFS
from .server import Server as Server

SERVERS: tuple[Server, ...] = (SeaweedFS(), Garage(), Minio(), Ceph(), Moto())


def named(name: str) -> Server:
    for each in SERVERS:
        if each.name == name:
            return each
    raise KeyError(f"no server {name}; there are {', '.join(each.name for each in SERVERS)}")
