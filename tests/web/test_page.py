"""The page's own requests, as Gradio sends them: what is filled, what is refused, what is left of it."""

import json
import os
import time

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio.exceptions import Error

from inpainting import inpaint
from inpainting.filling.photo import of_array
from inpainting.web import page, tab
from inpainting.web.guard import Guard
from tests.conftest import command
from tests.web.conftest import MASK, PICTURE, pixels, png


class Tab:
    """A tab of the page: its session, and its requests."""

    def __init__(self, served):
        self.client = httpx.Client(base_url=served.url, timeout=60)
        config = self.client.get("/config").json()
        self.functions = {
            step["api_name"]: (step["id"], len(step["inputs"])) for step in config["dependencies"]
        }
        self.session = os.urandom(5).hex()

    def upload(self, content, name="photo.png"):
        """The file's data as Gradio wants it back."""
        (path,) = self.client.post("/gradio_api/upload", files={"files": (name, content)}).json()
        return file_data(path)

    def join(self, name, *data):
        """The answer to the request that a function be called."""
        number, count = self.functions[name]
        data = [*data, *[None] * (count - len(data))]
        body = {"data": data, "fn_index": number, "session_hash": self.session}
        return self.client.post("/gradio_api/queue/join", json=body)

    def call(self, name, *data):
        """The output of a function; AssertionError where it fails."""
        assert self.join(name, *data).status_code == 200
        with self.client.stream("GET", f"/gradio_api/queue/data?session_hash={self.session}") as events:
            for line in events.iter_lines():
                event = json.loads(line.removeprefix("data: ")) if line else {}
                if event.get("msg") == "process_completed":
                    assert event["success"], event["output"]
                    return event["output"]["data"]
        raise AssertionError("no answer")


def file_data(path, **more):
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


@pytest.fixture
def opened(served):
    """A Tab that has opened PICTURE."""
    made = Tab(served)
    made.call("open_file", made.upload(png(PICTURE)))
    return made


def test_a_mask_is_loaded_and_filled(opened):
    opened.call("masked", None, opened.upload(png(MASK), "mask.png"))
    _, _, files = opened.call("fill", None, "telea", 1, 1, 0)
    assert files[0]["orig_name"] == "photo_inpainted.png"
    content = opened.client.get(files[0]["url"]).content
    np.testing.assert_array_equal(pixels(content), inpaint(PICTURE, MASK, model="telea"))


def test_what_is_painted_is_filled(opened):
    """Half of the size of the picture, as those of large ones are."""
    layer = np.zeros((20, 25, 4), np.uint8)
    layer[5:8, 10:15] = 255, 0, 255, 255
    shown = opened.upload(png(layer[..., :3]), "background.png")
    editor = {"background": shown, "layers": [opened.upload(png(layer), "layer.png")], "composite": shown}
    opened.call("painted", None, editor)
    _, _, files = opened.call("fill", None, "telea", 1, 1, 0)
    content = opened.client.get(files[0]["url"]).content
    np.testing.assert_array_equal(pixels(content), inpaint(PICTURE, MASK, model="telea"))


def test_uploads_are_gone(served, opened, monkeypatch):
    opened.call("masked", None, opened.upload(png(MASK), "my mask.png"))
    assert not [path for path in served.files() if path.name in ("photo.png", "my mask.png")]
    for path in served.folder.rglob("*"):
        os.utime(path, (time.time() - tab.PASSING - 1,) * 2)
    tab.forget(served.folder)
    assert served.files() == []


def test_results_last_longer(tmp_path):
    kept, gone = tmp_path / "result-1" / "a.png", tmp_path / "result-2" / "b.png"
    for path, age in ((kept, tab.LIFE - 60), (gone, tab.LIFE + 1)):
        path.parent.mkdir()
        path.touch()
        for each in (path, path.parent):
            os.utime(each, (time.time() - age,) * 2)
    tab.forget(tmp_path)
    assert kept.exists() and not gone.exists()


PLACES = [
    "/etc/passwd",
    "../../../../etc/passwd",
    "file:///etc/passwd",
    "http://127.0.0.1:9/picture.png",
    "https://example.com/picture.png",
    "//example.com/picture.png",
    "/gradio_api/file=/etc/passwd",
]


@pytest.mark.parametrize("place", PLACES)
def test_no_place_is_opened(served, place):
    """Neither as a picture, nor as a mask, nor as a part of what an editor gives, nor by address."""
    visitor = Tab(served)
    ours = visitor.upload(png(PICTURE))
    editor = {"background": ours, "layers": [file_data(place)], "composite": ours}
    nested = {"a": [{"path": ours["path"], "b": {"path": place}}]}
    for name, *data in (
        ("open_file", file_data(place)),
        ("masked", None, file_data(place)),
        ("painted", None, editor),
        ("open_file", nested),
    ):
        answer = visitor.join(name, *data)
        assert answer.status_code == 403 and "not named by a path" in answer.json()["error"]
    for path in (f"/gradio_api/file={place}", f"/gradio_api/proxy={place}", f"/gradio_api/stream/{place}"):
        answer = visitor.client.get(path)
        assert answer.status_code in (403, 404) and b"root:" not in answer.content


def test_gradio_itself_opens_none_either(served, monkeypatch, tmp_path):
    """A second wall, should the first have a hole."""
    monkeypatch.setattr(Guard, "_names_our_files", lambda self, body: True)
    picture = tmp_path / "picture.png"
    picture.write_bytes(png(PICTURE))
    with pytest.raises(AssertionError, match="not uploaded by a user"):
        Tab(served).call("open_file", file_data(str(picture)))
    assert picture.exists()


def test_a_file_of_ours_by_another_address_is_not_fetched(served):
    """A `url` beside a path is not looked at."""
    visitor = Tab(served)
    file = visitor.upload(png(PICTURE))
    visitor.call("open_file", {**file, "url": "http://127.0.0.1:9/picture.png"})


@pytest.mark.parametrize("path", ["call/fill", "run/fill", "api/fill", "vibe-edit", "process_recording"])
def test_other_ways_in_are_closed(served, path):
    assert (
        httpx.post(f"{served.url}/gradio_api/{path}", json={"data": [file_data("/etc/passwd")]}).status_code
        == 404
    )


def test_the_page_names_no_other_host(served):
    text = httpx.get(served.url).text
    assert "fonts.googleapis" not in text and "cdn" not in text
    assert "default-src 'self'" in httpx.get(served.url).headers["content-security-policy"]


def test_a_page_needs_a_picture_first(tmp_path):
    for function in (tab.painted, tab.masked):
        given = tmp_path / "mask.png"
        given.write_bytes(png(MASK))
        with pytest.raises(Error, match="Open a picture first"):
            function(None, given if function is tab.masked else {"layers": []})


def test_a_refusal_is_said_and_large_pictures_are_shown_smaller():
    with pytest.raises(Error, match="is no picture of a known kind"):
        tab.opened(b"no picture", "a")
    kept, shown = tab.opened(png(np.zeros((1500, 3000), np.uint8)), "a")
    assert shown.shape == (640, 1280, 3) and kept.stem == "a"


class Drawing:
    """Stands for the Models of a density model: seed s paints the hole in grey s."""

    def takes(self, name, **options):
        return "samples" in options

    def choice(self, name, *, realism, samples):
        assert realism is None and samples

    def fill(self, picture, *, seeds, **options):
        for seed in seeds:
            yield of_array(PICTURE), of_array(np.full_like(PICTURE, seed))


def test_samples_of_a_density_model(tmp_path):
    options = {"model": "a", "realism": 1, "samples": 3, "grow": 0, "progress": gr.Progress()}
    pairs, paths = tab.fill(Drawing(), tmp_path, tab.Opened(b"", "cat"), **options)
    assert [after.max() for _, after in pairs] == [0, 1, 2]
    assert [path.name for path in paths] == [f"cat_inpainted_{number}.png" for number in (1, 2, 3)]
    assert [pixels(path.read_bytes()).max() for path in paths] == [0, 1, 2]


def test_examples_are_there():
    for path in page.EXAMPLES:
        tab.opened(path.read_bytes(), path.stem)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "'70000' is not a port"),
        (["--port", "x"], "'x' is not a port"),
        (["--host", "203.0.113.1"], "cannot listen on 203.0.113.1, port 7860"),
        (["--port", "0", "--model", "vgg_gan"], "there is no model vgg_gan"),
    ],
)
def test_refused_commands(refused, arguments, message):
    assert message in refused("app.py", *arguments)


def test_a_classical_model_imports_no_tensorflow(tmp_path):
    code = (
        "import sys; from inpainting.web.models import Models; from inpainting.web.server import "
        f"application; models = Models('telea'); models.warm(); application(models, {str(tmp_path)!r}); "
        "print('tensorflow' in sys.modules)"
    )
    assert command("-c", code).stdout.strip() == "False"
