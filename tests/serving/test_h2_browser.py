"""HTTP/2 as Chromium speaks it, over TLS."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests import components
from tests.serving.lanes import release, running

PAGE = b"""<!doctype html><title>Many</title><link rel="icon" href="data:,">
<script>window.loaded = 0</script>""" + b"".join(b'<script src="part-%d.js"></script>' % n for n in range(40))


@pytest.mark.browser
def test_a_browser_loads_a_page_with_all_its_parts_over_one_connection(tmp_path: Path) -> None:
    parts = {f"part-{n}.js": b"/*" + bytes(range(48, 58)) * 2_000 + b"*/ window.loaded += %d" % n for n in range(40)}
    with running() as plane:
        plane.put("site.localhost", release(tmp_path, {"index.html": PAGE, **parts}))
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=components.browser(), args=["--no-sandbox"])
            page = chromium.new_page(ignore_https_errors=True)
            page.goto(f"https://site.localhost:{plane.port.tls}/")
            loaded = page.evaluate("window.loaded")
            spoken = page.evaluate("performance.getEntries().map(entry => entry.nextHopProtocol).filter(Boolean)")
            again = page.reload()
            chromium.close()
        counted = plane.counters.snapshot()

    assert loaded == sum(range(40))
    assert spoken == ["h2"] * 41
    assert again is not None
    assert again.status in {200, 304}
    assert counted.connections_handed_over == 0
    assert counted.connections_accepted <= 3  # browsers open one or two ahead
