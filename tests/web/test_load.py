"""Many clients at once: every answer is right, memory does not grow. And how the program starts and ends."""

import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from inpainting import inpaint
from tests.conftest import ENVIRONMENT, ROOT
from tests.web.conftest import pixels, png

CLIENTS, REQUESTS = 8, 200
KINDS = 5  # of pictures
# Runs the program and says on stderr whom it asks for anything.
WATCHED = """
import sys
asking = ("socket.connect", "socket.getaddrinfo", "socket.sendto")
sys.addaudithook(lambda event, given: event in asking and print(event, given, file=sys.stderr, flush=True))
import app
from inpainting.command_line import run_program
run_program(app.main)
"""


@contextmanager
def program(*arguments, start=("app.py",)):
    """app.py in a process of its own, on a free port: the process and its address."""
    command = [sys.executable, *start, "--port", "0", *arguments]
    options = {
        "cwd": ROOT,
        "env": ENVIRONMENT,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
    }
    with subprocess.Popen(command, **options) as process:
        try:
            yield process, re.match(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
        finally:
            process.terminate()


def memory(process):
    """Megabytes that a process holds in memory."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


@pytest.mark.slow
@pytest.mark.parametrize(("model", "side"), [("telea", 120), ("unet_l2", 32)])
def test_many_clients(model, side):
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (KINDS, side, side, 3), np.uint8)
    mask = np.zeros((side, side), np.uint8)
    mask[side // 2 - 4 : side // 2 + 4, side // 2 - 4 : side // 2 + 4] = 255
    expected = [inpaint(picture, mask, model=model) for picture in pictures]

    def ask(client):
        """The number of wrong answers to a client, which sends each kind of picture in turn."""
        wrong = 0
        with httpx.Client(base_url=url, timeout=120) as session:
            for index in range(REQUESTS):
                kind = (client + index) % KINDS
                files = {"image": png(pictures[kind]), "mask": png(mask)}
                answer = session.post("/inpaint", files=files)
                wrong += answer.status_code != 200 or not np.allclose(
                    pixels(answer.content), expected[kind], atol=1
                )
        return wrong

    with program("--model", model) as (process, url), ThreadPoolExecutor(CLIENTS) as clients:
        assert sum(clients.map(ask, range(CLIENTS))) == 0
        before = memory(process)
        assert sum(clients.map(ask, range(CLIENTS))) == 0
        grown = memory(process) - before
    assert grown < 20, f"{grown:.0f} MB more after {CLIENTS * REQUESTS} more requests"


def test_it_ends_on_a_signal_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "TMPDIR", str(tmp_path))
    with program("--model", "telea") as (process, url):
        assert httpx.get(f"{url}/health").json()["status"] == "ok"
        assert [path.name.startswith("inpainting-") for path in tmp_path.iterdir()] == [True]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM
        stderr = process.stderr.read()
    assert stderr == "app.py: stopped by SIGTERM\n"
    assert list(tmp_path.iterdir()) == []


def test_it_asks_no_other_machine():
    with program("--model", "telea", start=("-c", WATCHED)) as (process, url):
        for path in ("/", "/config", "/gradio_api/info", "/gradio_api/startup-events"):
            assert httpx.get(f"{url}{path}").status_code == 200
        picture = png(np.zeros((9, 9), np.uint8)), png(np.eye(9, dtype=np.uint8) * 255)
        files = dict(zip(("image", "mask"), picture, strict=True))
        assert httpx.post(f"{url}/inpaint", files=files).status_code == 200
        process.terminate()
        assert process.stderr.read() == "-c: stopped by SIGTERM\n"


def test_a_port_in_use_is_refused(refused):
    with program("--model", "telea") as (_, url):
        line = refused("app.py", "--port", url.rpartition(":")[2])
    assert "Address already in use" in line
