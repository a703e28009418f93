"""A real S3-compatible store in a temporary folder: OpenStack Swift, whose s3api checks signatures as Amazon's store does.

It is installed by `./run test` beside the tests' packages, from requirements-s3-test.txt.
"""

import getpass
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.run import marks
from tests.support.servers.harness import free_port

FOLDER = Path(sys.prefix) / "swift"
KEY, SECRET, BUCKET = "test:tester", "testing", "files"
# Seconds for all four servers to start.
READY = 60.0
RINGS = """
import sys
from swift.common.ring import RingBuilder
folder, *ports = sys.argv[1:]
for name, port in zip(("account", "container", "object"), ports):
    builder = RingBuilder(1, 1, 0)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "d1", "weight": 1.0})
    builder.rebalance()
    builder.get_ring().save(f"{folder}/{name}.ring.gz")
"""
COMMON = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
fallocate_reserve = 0
user = {user}
log_address = /dev/null
"""
STORAGE = """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
PROXY = """
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth bulk slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:s3api]
use = egg:swift#s3api
s3_acl = no
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{nobody}
"""
FILTERS = ("catch_errors", "gatekeeper", "listing_formats", "bulk", "slo")


class Swift:
    """A running store. After `stop_proxy` nobody reaches it, until `start_proxy`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("account", "container", "object", "proxy")}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.ports['proxy']}"

    def url(self, path: str = BUCKET, key: str = KEY, secret: str = SECRET) -> str:
        """A setting FILES_URL."""
        return f"s3+http://{key.replace(':', '%3A')}:{secret}@{self.host}/{path}"

    def configure(self) -> None:
        (self.folder / "devices" / "d1").mkdir(parents=True)
        hashes = "[swift-hash]\nswift_hash_path_suffix = a\nswift_hash_path_prefix = b\n"
        (self.folder / "swift.conf").write_text(f"{hashes}[storage-policy:0]\nname = one\ndefault = yes\n")
        for name, port in self.ports.items():
            common = COMMON.format(port=port, folder=self.folder, user=getpass.getuser())
            filters = "".join(f"[filter:{one}]\nuse = egg:swift#{one}\n" for one in FILTERS)
            own = PROXY.format(nobody=free_port()) + filters if name == "proxy" else STORAGE.format(name=name)
            (self.folder / f"{name}.conf").write_text(common + own)
        ports = [str(self.ports[name]) for name in ("account", "container", "object")]
        subprocess.run([FOLDER / "bin" / "python", "-c", RINGS, self.folder, *ports], check=True)

    def start(self, name: str) -> None:
        command = [
            FOLDER / "bin" / "python",
            FOLDER / "bin" / f"swift-{name}-server",
            f"{self.folder}/{name}.conf",
        ]
        # Their own eventlet.
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdout=log, stderr=log, env={"SWIFT_DIR": str(self.folder), "PATH": "/usr/bin:/bin"}
            )

    def stop_proxy(self) -> None:
        self.processes["proxy"].kill()
        self.processes["proxy"].wait()

    def start_proxy(self) -> None:
        self.start("proxy")
        self.wait()

    def wait(self) -> None:
        """Wait until the bucket is there."""
        deadline = time.monotonic() + READY
        while True:
            client = self.client()
            try:
                client.create_bucket(Bucket=BUCKET)
                return
            except client.exceptions.BucketAlreadyOwnedByYou:
                return
            except Exception:
                dead = [name for name, process in self.processes.items() if process.poll() is not None]
                if dead or time.monotonic() > deadline:
                    raise AssertionError(
                        (self.folder / f"{(dead or ['proxy'])[0]}.log").read_text()
                    ) from None
                time.sleep(0.1)

    def client(self) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=f"http://{self.host}",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    def names(self) -> set[str]:
        """Names of all files in the bucket."""
        from files import store_claim

        return {name for name in self.all_names() if name.rpartition("/")[2] != store_claim.NAME}

    def all_names(self) -> set[str]:
        """Names of all that is in the bucket, also of what says whose it is."""
        return {found["Key"] for found in self.client().list_objects_v2(Bucket=BUCKET).get("Contents", [])}

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@contextmanager
def swift() -> Iterator[Swift]:
    marks.check_marked()
    assert FOLDER.exists(), f"{FOLDER} isn't there: ./run test installs it (requirements-s3-test.txt)"
    with tempfile.TemporaryDirectory(prefix="swift-") as folder:
        server = Swift(Path(folder))
        try:
            server.configure()
            for name in server.ports:
                server.start(name)
            server.wait()
            yield server
        finally:
            server.close()
