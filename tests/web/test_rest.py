"""POST /inpaint and GET /health: what is answered, what is refused, that nothing is left."""

import json

import numpy as np
import pytest
from fastapi.testclient import TestClient

from inpainting import inpaint
from inpainting.filling import choice
from inpainting.web import guard, models
from inpainting.web.guard import Guard
from inpainting.web.models import Models
from inpainting.web.rest import rest
from tests.web.conftest import MASK, PICTURE, pixels, png


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = rest(Models("telea"))
    app.add_middleware(Guard, folder=tmp_path_factory.mktemp("rest"))
    return TestClient(app)


def asked(client, image=None, mask=None, **fields):
    """The answer to POST /inpaint with these files' bytes; empty ones are left out."""
    files = {"image": png(PICTURE) if image is None else image, "mask": png(MASK) if mask is None else mask}
    return client.post("/inpaint", files={name: file for name, file in files.items() if file}, data=fields)


def test_health(client):
    answer = client.get("/health").json()
    assert answer["status"] == "ok" and answer["model"] == "telea"
    assert answer["models"][0] == "telea" and {"biharmonic", "navier_stokes"} < set(answer["models"])


@pytest.mark.parametrize("model", [None, "biharmonic"])
def test_a_picture_is_filled(client, model):
    answer = asked(client, **({"model": model} if model else {}))
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(pixels(answer.content), inpaint(PICTURE, MASK, model=model or "telea"))


def test_samples_of_16_bits_are_kept(client):
    deep = PICTURE[..., 0].astype(np.uint16) * 200 + 7
    completed = pixels(asked(client, image=png(deep)).content)
    assert completed.max() > 255
    np.testing.assert_array_equal(completed[MASK == 0], deep[MASK == 0])


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        ({"image": b""}, 422, "image: Field required"),
        ({"mask": b""}, 422, "mask: Field required"),
        ({"image": b"no picture"}, 400, "the picture: is no picture of a known kind"),
        ({"image": png(PICTURE)[:200]}, 400, "the picture: cannot be read"),
        ({"mask": b"no mask"}, 400, "the mask: is no picture of a known kind"),
        ({"mask": png(MASK[:30])}, 400, "the mask has 50×30 pixels, the picture 50×40"),
        ({"mask": png(MASK * 0 + 255)}, 400, "the mask leaves nothing of the picture"),
        ({"model": "vgg_gan"}, 400, "there is no model vgg_gan: model is one of telea"),
        ({"model": "../pretrained/unet_l2"}, 400, "there is no model ../pretrained/unet_l2"),
        ({"model": "/etc"}, 400, "there is no model /etc"),
        ({"realism": "2"}, 422, "realism: Input should be less than or equal to 1"),
        ({"realism": "much"}, 422, "realism: Input should be a valid number"),
        ({"realism": "0.5"}, 400, "realism blends a NAME_wgan"),
    ],
)
def test_refusals(client, options, status, message):
    answer = asked(client, **options)
    assert answer.status_code == status, answer.text
    (error,) = answer.json().values()
    assert message in error and "\n" not in error


@pytest.mark.parametrize(
    "place", ["/etc/passwd", "../../etc/passwd", "file:///etc/passwd", "http://127.0.0.1:9/a"]
)
def test_no_place_is_opened(client, place):
    fields = {"image": place, "mask": place}
    for answer in (client.post("/inpaint", data=fields), client.post("/inpaint", json=fields)):
        assert answer.status_code in (400, 422)
        assert "root:" not in answer.text
    answer = client.post("/inpaint", files={name: (place, b"nothing") for name in fields})
    assert answer.status_code == 400


def test_limit_of_pixels(client, monkeypatch):
    monkeypatch.setattr(models, "PIXELS", 1999)
    answer = asked(client)
    assert answer.status_code == 400
    assert "the picture: has 50×40 pixels, more than the 1999 that are taken" in answer.json()["error"]


def test_limit_of_bytes(client, monkeypatch):
    monkeypatch.setattr(guard, "BYTES", 1000)
    answer = asked(client)
    assert answer.status_code == 413 and "make the picture smaller" in answer.json()["error"]
    kind = {"content-type": "multipart/form-data; boundary=x"}
    start = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    answer = client.post("/inpaint", content=iter([start, b"0" * 800, b"0" * 800]), headers=kind)  # no length
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/redoc", "/gradio_api/proxy=http://127.0.0.1:9/"])
def test_what_is_not_there(client, path):
    assert client.get(path).status_code == 404


def test_no_other_host_for_a_browser(client):
    policy = client.get("/health").headers["content-security-policy"]
    assert "default-src 'self'" in policy and "http" not in policy and "*" not in policy


def test_a_model_is_loaded_once(monkeypatch, tmp_path):
    """However many Choices name it, also as a part of blends."""
    loaded = []

    def load(workdir):
        loaded.append(workdir.path.name)
        return [choice.CLASSICAL_FILLERS["telea"]]

    for name in ("some_wgan", "some_l2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps({}))
    monkeypatch.setattr(choice, "PUBLISHED", tmp_path)
    monkeypatch.setattr(models, "load_fillers", load)
    known = Models("some_wgan")
    assert known.names[:3] == ["some_wgan", "some_l2", "context_mean"]
    known.warm()
    for realism in (0.1, 0.7):
        assert known.choice(realism=realism).filler.realism == realism
    assert loaded == ["some_wgan", "some_l2"]
    assert known.takes("some_wgan", realism=1.0) and not known.takes("some_l2", realism=1.0)
