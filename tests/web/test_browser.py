"""The page in headless Chromium: a person's way through it, on a desk and on a telephone."""

import shutil
import time

import numpy as np
import pytest
from PIL import Image
from skimage.data import chelsea

from inpainting.web.tab import PASSING
from tests.web.conftest import SCREENSHOT, png

CHROMIUM = shutil.which("chromium")
TIMEOUT = 60_000  # milliseconds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """The page as it is open in a tab. asked: the addresses that it has asked for. faults: scripts' errors."""

    def __init__(self, browser, url, width=1200, height=880, **options):
        self.url = url
        self.asked, self.faults = [], []
        self.context = browser.new_context(viewport={"width": width, "height": height}, **options)
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.context.on("weberror", lambda fault: self.faults.append(str(fault.error)))
        self.page = self.context.new_page()
        self.page.set_default_timeout(TIMEOUT)
        self.page.goto(url)
        self.page.wait_for_selector("#fill")

    def open(self, content, name="photo.png"):
        self._choose("#picture", content, name)
        self.opened(name)

    def load_mask(self, content):
        self._choose("#mask", content, "mask.png")
        self.page.wait_for_selector("#mask >> text=mask.png")

    def _choose(self, place, content, name):
        file = {"name": name, "mimeType": "image/png", "buffer": content}
        self.page.set_input_files(f"{place} input[type=file]", file)

    def opened(self, name):
        """Waits until the picture of this name is there to be painted on."""
        self.page.wait_for_selector(f"#editor >> text={name}")
        self.canvas().wait_for()
        self.page.wait_for_timeout(2000)  # the picture is scaled to its place, of which nothing tells

    def canvas(self):
        return self.page.locator("#editor canvas").first

    def paint(self, start, stop):
        """By the mouse, from and to places in shares of the canvas."""
        box = self.canvas().bounding_box()
        places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in (start, stop)]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        self.page.mouse.move(*places[1], steps=10)
        self.page.mouse.up()

    def fill(self):
        """The completed picture, downloaded, and the name of its file."""
        self.page.click("#fill")
        link = self.page.locator("#download a").first
        link.wait_for()
        with self.page.expect_download() as download:
            link.click()
        with Image.open(download.value.path()) as image:
            return np.array(image), download.value.suggested_filename

    def elsewhere(self):
        """What it asked for that is not on its server."""
        return [url for url in self.asked if not url.startswith((self.url, "data:", "blob:"))]


@pytest.fixture
def visit(browser, served):
    """A function: opens the page in a tab of its own."""
    made = []

    def build(**options):
        made.append(Visit(browser, served.url, **options))
        return made[-1]

    yield build
    for each in made:
        each.context.close()


def test_paint_fill_compare_download(visit, served):
    tab, picture = visit(), chelsea()
    tab.open(png(picture), "cat.png")
    tab.paint((0.4, 0.5), (0.6, 0.52))
    completed, name = tab.fill()
    assert name == "cat_inpainted.png" and completed.shape == picture.shape
    changed = (completed != picture).any(-1)
    rows, columns = np.nonzero(changed)
    height, width = changed.shape
    assert 0.005 < changed.mean() < 0.2
    # The stroke lies in the middle of the canvas, which shows the whole picture: nothing changes far from it.
    assert height * 0.3 < rows.min() and rows.max() < height * 0.7
    assert width * 0.2 < columns.min() and columns.max() < width * 0.8
    tab.page.wait_for_selector("#after img")
    if SCREENSHOT:
        tab.page.wait_for_timeout(1000)
        tab.page.screenshot(path=SCREENSHOT)
    assert tab.elsewhere() == [] and tab.faults == []
    deadline = time.monotonic() + 3 * PASSING
    while served.files() and time.monotonic() < deadline:
        time.sleep(1)
    assert served.files() == []


def test_known_pixels_of_16_bits(visit):
    """What no canvas could give back: the picture itself is never asked of the browser."""
    tab = visit()
    deep = np.random.default_rng(0).integers(0, 65536, (60, 80), np.uint16)
    mask = np.zeros((60, 80), np.uint8)
    mask[20:30, 30:50] = 255
    tab.open(png(deep))
    tab.load_mask(png(mask))
    completed, _ = tab.fill()
    assert completed.max() > 255
    np.testing.assert_array_equal(completed[mask == 0], deep[mask == 0])
    assert (completed[mask > 0] != deep[mask > 0]).any()


def test_refusals_are_said(visit):
    tab = visit()
    tab.page.click("#fill")
    tab.page.wait_for_selector("text=Open a picture first.")
    tab._choose("#picture", b"no picture", "photo.png")
    tab.page.wait_for_selector("text=is no picture of a known kind")


def test_an_example_on_a_telephone(visit):
    tab = visit(width=375, height=700, is_mobile=True, has_touch=True, device_scale_factor=2)
    tab.page.locator("button.gallery-item").first.tap()
    tab.opened("chelsea.png")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 375
    tab.paint((0.45, 0.5), (0.55, 0.5))
    completed, name = tab.fill()
    assert name == "chelsea_inpainted.png"
    changed = (completed != chelsea()).any(-1)
    assert 0 < changed.mean() < 0.3
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 375
    assert tab.elsewhere() == []
