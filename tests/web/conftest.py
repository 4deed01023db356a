"""A server of the page and REST that fills by telea, by photos_wgan for a screenshot, and pictures for it."""

import io
import os
import socket
import threading
import time

import numpy as np
import pytest
import uvicorn
from PIL import Image

from inpainting.web.models import Models
from inpainting.web.server import application

SCREENSHOT = os.environ.get("SCREENSHOT")  # where a picture of the page is written
RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.integers(0, 256, (40, 50, 3), np.uint8)
MASK = np.zeros((40, 50), np.uint8)
MASK[10:16, 20:30] = 255


def png(array):
    """The bytes of a PNG."""
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def pixels(content):
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


class Served:
    """url: of a server. folder: where it keeps files."""

    def __init__(self, url, folder):
        self.url = url
        self.folder = folder

    def files(self):
        """What lies in the folder, but for results, which are to be downloaded."""
        paths = [path for path in self.folder.rglob("*") if path.is_file()]
        return [path for path in paths if not path.relative_to(self.folder).parts[0].startswith("result-")]


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    folder, model = tmp_path_factory.mktemp("web"), "photos_wgan" if SCREENSHOT else "telea"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(application(Models(model), folder), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", folder)
        server.should_exit = server.force_exit = True
        thread.join(20)
