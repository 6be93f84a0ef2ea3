"""Servers whose settings are then got wrong: each with the ports beside its S3 service."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import daemon
import s3_request
import seaweed
import servers
import trustme
from servers.garage import bootstrap, configure
from servers.server import create_bucket, find, scratch, settings, wait_until

# Buckets stand in host names below it, where the server can do that.
DOMAIN = "buckets.localhost"
PORT = 3900  # what a page shows for the S3 service's


@dataclass
class Place:
    """A running server with one bucket, and what else is known about it."""

    environment: dict[str, str]
    other_endpoints: dict[str, str] = field(default_factory=dict)  # "https", "master", ...
    stranger: tuple[str, str] = ("", "")  # a key and its secret, without rights to the bucket

    @property
    def endpoint(self) -> str:
        return self.environment["AWS_ENDPOINT_URL_S3"]

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2])

    def shown(self, text: str) -> str:
        """`text` with the ports and keys of every run."""
        ports = [self.port]
        ports += [int(each.rpartition(":")[2]) for each in self.other_endpoints.values()]
        for offset, port in enumerate(dict.fromkeys(ports)):
            text = re.sub(rf"\b{port}\b", str(PORT + offset), text)
        for key in (self.environment["AWS_ACCESS_KEY_ID"], self.stranger[0]):
            if key.startswith("GK"):
                text = text.replace(key, f"{key[:4]}EXAMPLE")
                text = text.replace(f"{key[:4]}...{key[-2:]}", f"{key[:4]}...LE")
        return text


def absent(name: str) -> str:
    """Why the server cannot run here; empty when it can."""
    return servers.named(name).absent()


@contextlib.contextmanager
def seaweedfs() -> Iterator[Place]:
    """Over http and https; everybody may read."""
    with scratch("certificate") as directory:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(directory / "ca.pem"))
        certificate = authority.issue_cert("localhost", "127.0.0.1", DOMAIN, f"*.{DOMAIN}")
        certificate.private_key_pem.write_to_path(str(directory / "key.pem"))
        certificate.cert_chain_pems[0].write_to_path(str(directory / "cert.pem"))
        (https,) = daemon.free_ports(1)
        options = [
            f"-s3.port.https={https}",
            f"-s3.cert.file={directory / 'cert.pem'}",
            f"-s3.key.file={directory / 'key.pem'}",
            f"-s3.domainName={DOMAIN}",
        ]
        with seaweed.running(extra=options, public=True) as server:
            yield Place(
                {**server.environment(), "AWS_CA_BUNDLE": str(directory / "ca.pem")},
                {
                    "https": f"https://{seaweed.HOST}:{https}",
                    "master": f"http://{seaweed.HOST}:{server.ports.master}",
                    "grpc": f"http://{seaweed.HOST}:{server.port + daemon.PARTNER}",
                    "bucket": f"http://{server.bucket}.{DOMAIN}:{server.port}",
                },
            )


@contextlib.contextmanager
def minio() -> Iterator[Place]:
    """One that insists on its region."""
    with scratch("minio") as directory:
        (port,) = daemon.free_ports(1)
        (directory / "data").mkdir()
        command = [str(find("minio")), "server", str(directory / "data"), "--quiet"]
        command += ["--certs-dir", str(directory), "--address", f"{daemon.HOST}:{port}"]
        keys = ("arraymorph-test", "arraymorph-test-secret")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "MINIO_ROOT_USER": keys[0],
            "MINIO_ROOT_PASSWORD": keys[1],
            "MINIO_REGION": "eu-central-1",
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
            "MINIO_CALLHOME_ENABLE": "off",
        }
        with daemon.running(command, directory / "minio.log", environment):
            found = settings(port, "arraymorph-test", keys, directory, region="eu-central-1")
            del found["SERVER_VIRTUAL_ENDPOINT"]
            create_bucket(found)
            yield Place(found)


def _garage(configuration: Path, *arguments: str) -> str:
    command = [str(find("garage")), "-c", str(configuration), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise daemon.DaemonError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


@contextlib.contextmanager
def _garage_nodes(
    count: int,
) -> Iterator[tuple[list[Path], list[int], list[subprocess.Popen[bytes]]]]:
    """Running, not knowing each other."""
    with scratch("garage") as directory, contextlib.ExitStack() as running:
        ports = daemon.free_ports(2 * count)
        nodes, processes = [], []
        for i in range(count):
            home = directory / str(i)
            home.mkdir()
            # As on a first day: buckets do not stand in host names.
            changes = {"replication_factor": str(count), "root_domain": ""}
            node = configure(home, ports[2 * i], ports[2 * i + 1], **changes)
            command = [str(find("garage")), "-c", str(node), "server"]
            log = node.parent / "garage.log"
            processes.append(running.enter_context(daemon.running(command, log)))
            nodes.append(node)
        for node in nodes:
            wait_until(lambda node=node: _answers(node), "answers")  # type: ignore[misc]
        yield nodes, ports, processes


def _answers(node: Path) -> bool:
    try:
        return bool(_garage(node, "status"))
    except daemon.DaemonError:
        return False


def _bootstrap(node: Path, port: int) -> dict[str, str]:
    command = [str(find("garage")), "-c", str(node)]
    found = bootstrap(command, port, "arraymorph", node.parent / "garage.log")
    del found["AWS_S3_ADDRESSING_STYLE"]
    return {**found, "XDG_CACHE_HOME": str(node.parent / "cache")}


@contextlib.contextmanager
def garage() -> Iterator[Place]:
    with _garage_nodes(1) as ([node], ports, _):
        environment = _bootstrap(node, ports[0])
        key = _garage(node, "key", "create", "stranger")
        found = re.search(r"Key ID: *(\S+).*?Secret key: *(\S+)", key, re.DOTALL)
        assert found, key
        rpc = f"http://{daemon.HOST}:{ports[1]}"
        yield Place(environment, {"rpc": rpc}, (found[1], found[2]))


@contextlib.contextmanager
def garage_without_layout() -> Iterator[Place]:
    with _garage_nodes(1) as ([node], ports, _):
        yield Place(
            {
                "STORAGE_PLATFORM": "S3",
                "BUCKET_NAME": "arraymorph",
                "AWS_ENDPOINT_URL_S3": f"http://{daemon.HOST}:{ports[0]}",
                "AWS_REGION": "garage",
                "AWS_ACCESS_KEY_ID": "GK31c2f218a2e44f485b94239e",
                "AWS_SECRET_ACCESS_KEY": "b892c0665f0ada8a4755dae98baa3b13" * 2,
                "XDG_CACHE_HOME": str(node.parent / "cache"),
            }
        )


@contextlib.contextmanager
def garage_with_a_dead_node() -> Iterator[Place]:
    """Two nodes that keep everything twice, of which one has ended."""
    with _garage_nodes(2) as (nodes, ports, processes):
        ids = [_garage(node, "node", "id", "--quiet").strip() for node in nodes]
        _garage(nodes[0], "node", "connect", ids[1])
        for each in ids:
            name = each.partition("@")[0]
            _garage(nodes[0], "layout", "assign", "--zone", "local", "--capacity", "1G", name)
        _garage(nodes[0], "layout", "apply", "--version", "1")
        environment = _bootstrap(nodes[0], ports[0])
        _wait_for_writes(environment)
        daemon.stop(processes[1])
        yield Place(environment)


def _wait_for_writes(environment: Mapping[str, str]) -> None:
    client = s3_request.Client.of(environment)
    path = s3_request.path_of(environment["BUCKET_NAME"], "ready")
    wait_until(lambda: client.send("PUT", path, b"x").status == 200, "stores an object")
