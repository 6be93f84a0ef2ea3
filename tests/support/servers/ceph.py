"""Ceph's object gateway (RGW) from Debian's packages: a monitor, one OSD in memory, a gateway."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import daemon

from .server import DOMAIN, ROOT, Server, create_bucket, scratch, settings

KEYS = ("arraymorph-test", "arraymorph-test-secret")
BUCKET = "arraymorph-test"
PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool")
PACKAGES = ("ceph-mon", "ceph-osd", "radosgw")
MEMORY = 16 << 30  # what the OSD says it has; taken as objects come

CONFIGURATION = """[global]
fsid = {fsid}
mon host = [v2:{host}:{v2},v1:{host}:{v1}]
public addr = {host}
cluster addr = {host}
ms bind ipv6 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = {memory}
mon allow pool size one = true
mon data avail crit = 0
mon data avail warn = 0
mon data = {directory}/mon
osd data = {directory}/osd
run dir = {directory}
admin socket = {directory}/$name.asok
pid file = {directory}/$name.pid
log file = {directory}/$name.log
crash dir = {directory}
keyring = {directory}/keyring
[client.rgw]
rgw data = {directory}
rgw frontends = beast endpoint={host}:{s3}
rgw dns name = {domain}
"""


class Ceph(Server):
    name = "ceph"
    title = "Ceph RGW"
    cost = "100 packages of Debian, 290 MB, as root"
    by_name_only = True
    in_memory = True

    def version(self) -> str:
        done = subprocess.run(["radosgw", "--version"], capture_output=True, text=True, check=True)
        return done.stdout.split()[2]

    def absent(self) -> str:
        missing = [each for each in PROGRAMS if not shutil.which(each)]
        if not missing:
            return ""
        return f"no `{missing[0]}` (./just servers --install ceph, as root on Debian)"

    def install(self) -> None:
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise daemon.DaemonError(f"its packages ({', '.join(PACKAGES)}) take root and Debian")
        command = [str(ROOT / "scripts" / "install-packages"), *PACKAGES]
        if subprocess.run(command, check=False).returncode != 0:
            raise daemon.DaemonError("its packages could not be installed")

    @contextlib.contextmanager
    def running(self) -> Iterator[dict[str, str]]:
        with scratch(self.name) as directory, contextlib.ExitStack() as stack:
            cluster = _Cluster(directory)

            def start(*command: str) -> subprocess.Popen[bytes]:
                log = directory / f"{command[0]}.out"
                running = daemon.running([*command, "-f"], log, cluster.environment)
                return stack.enter_context(running)

            cluster.make_monitor()
            start("ceph-mon", "-i", "a")
            cluster.make_disk()
            start("ceph-osd", "-i", "0")
            cluster.make_user()
            gateway = start("radosgw", "-n", "client.rgw")
            found = settings(cluster.s3, BUCKET, KEYS, directory)
            create_bucket(found)
            log = directory / "client.rgw.log"
            yield {**found, "SERVER_LOG": str(log), "SERVER_PID": str(gateway.pid)}


class _Cluster:
    """Its configuration, and the steps that are taken once."""

    def __init__(self, directory: Path) -> None:
        self._fsid = str(uuid.uuid4())
        self._directory = directory
        self._v2, self._v1, self.s3 = daemon.free_ports(3)
        configuration = directory / "ceph.conf"
        configuration.write_text(
            CONFIGURATION.format(
                fsid=self._fsid,
                host=daemon.HOST,
                v1=self._v1,
                v2=self._v2,
                s3=self.s3,
                memory=MEMORY,
                directory=directory,
                domain=DOMAIN,
            )
        )
        self.environment = {**os.environ, "CEPH_CONF": str(configuration)}

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=self._directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=180,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise daemon.DaemonError(f"{' '.join(command)}: {done.stdout[-2000:]}")

    def make_monitor(self) -> None:
        keyring, address = "keyring", f"[v2:{daemon.HOST}:{self._v2},v1:{daemon.HOST}:{self._v1}]"
        everything = ["--cap", "mon", "allow *", "--cap", "osd", "allow *"]
        self._run("ceph-authtool", "--create-keyring", keyring)
        for name in ("mon.", "client.admin", "client.rgw", "osd.0"):
            self._run("ceph-authtool", keyring, "--gen-key", "-n", name, *everything)
        self._run("monmaptool", "--create", "--fsid", self._fsid, "--addv", "a", address, "monmap")
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring", keyring)

    def make_disk(self) -> None:
        disk = str(uuid.uuid4())
        self._run("ceph", "osd", "create", disk)
        (self._directory / "osd").mkdir()
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)

    def make_user(self) -> None:
        command = ["radosgw-admin", "user", "create", "--uid=tests", "--display-name=tests"]
        self._run(*command, f"--access-key={KEYS[0]}", f"--secret-key={KEYS[1]}")
