"""HTTP/2 as other people's programs speak it; browsers have a file of their own."""

import shutil
import subprocess

import pytest

from tests.serving.conftest import BIG, FILES
from tests.serving.lanes import Plane

BODIES = {
    b"/": FILES["index.html"],
    b"/about": FILES["about.html"],
    b"/medium.bin": FILES["medium.bin"],
    b"/big.bin": BIG,
}


@pytest.mark.needs("curl")
@pytest.mark.parametrize("target", sorted(BODIES))
def test_curl_reads_a_site(shared_plane: Plane, target: bytes) -> None:
    curl = shutil.which("curl")
    assert curl
    where = f"site.localhost:{shared_plane.port}"
    command = [curl, "-sS", "--noproxy", "*", "--http2-prior-knowledge", "--resolve", f"{where}:127.0.0.1"]

    ran = subprocess.run([*command, f"http://{where}{target.decode()}"], capture_output=True, check=True, timeout=30)

    assert ran.stdout == BODIES[target]


@pytest.mark.needs("nghttp2-client")
def test_nghttp_fetches_many_at_once(shared_plane: Plane) -> None:
    nghttp = shutil.which("nghttp")
    assert nghttp
    base = f"http://127.0.0.1:{shared_plane.port}"
    urls = [base + target.decode() for target in sorted(BODIES)]

    command = [nghttp, "-m3", "-H:authority: site.localhost", *urls]
    ran = subprocess.run(command, capture_output=True, check=True, timeout=30)

    assert len(ran.stdout) == 3 * sum(map(len, BODIES.values()))


@pytest.mark.needs("nghttp2-client")
def test_h2load_gets_every_answer(shared_plane: Plane) -> None:
    h2load = shutil.which("h2load")
    assert h2load
    url = f"http://127.0.0.1:{shared_plane.port}/"
    command = [h2load, "-n2000", "-c4", "-m20", "-H:authority: site.localhost", url, f"{url}medium.bin"]

    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert "2000 succeeded, 0 failed, 0 errored" in ran.stdout


@pytest.mark.needs("curl")
@pytest.mark.parametrize("target", sorted(BODIES))
def test_curl_agrees_on_http2_over_tls(shared_plane: Plane, target: bytes) -> None:
    curl = shutil.which("curl")
    assert curl
    where = f"site.localhost:{shared_plane.port.tls}"
    command = [curl, "-sSk", "--noproxy", "*", "--http2", "--resolve", f"{where}:127.0.0.1", "-w", "%{http_version}"]

    ran = subprocess.run([*command, f"https://{where}{target.decode()}"], capture_output=True, check=True, timeout=30)

    assert ran.stdout == BODIES[target] + b"2"
