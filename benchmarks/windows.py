"""Seconds and memory of filling 12 megapixels: python benchmarks/windows.py [--model NAME]

A picture of 4000×3000 pixels, smooth shapes with grain, of which a square of 200×200 is missing, and then lines
of text all over it. Each is filled in a process of its own, from the picture and the mask in memory to the
completed one, once the model is loaded. cpu: seconds of all CPUs together; file: seconds to write and read its
PNG; gigabytes: all that the process had in use at once, with Python and the model.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

import cv2
from PIL import Image, ImageDraw, ImageFont

from inpainting.command_line import Parser, run_program
from inpainting.filling import photo_files, photos
from inpainting.filling.choice import Choice, best
from inpainting.filling.photo import of_array
from inpainting.measuring.report import markdown

WIDTH, HEIGHT = 4000, 3000
HOLES = ("square", "text")
COLUMNS = {
    "missing": "{}",
    "share": "{:.1%}",
    "seconds": "{:.1f}",
    "cpu": "{:.1f}",
    "file": "{:.1f}",
    "gigabytes": "{:.2f}",
}


def picture():
    """uint8 [H, W, 3]."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (HEIGHT // 100, WIDTH // 100, 3), np.uint8)
    smooth = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.uint8(np.clip(smooth + random.normal(0, 4, smooth.shape), 0, 255))


def mask(kind):
    """bool [H, W]."""
    missing = np.zeros((HEIGHT, WIDTH), np.uint8)
    if kind == "square":
        missing[1400:1600, 1900:2100] = 1
    else:
        drawn = Image.new("1", (WIDTH, HEIGHT))
        draw, font = ImageDraw.Draw(drawn), ImageFont.load_default(40)
        for line in range(0, HEIGHT, 60):
            text = f"The quick brown fox jumps over the lazy dog, line {line}. " * 5
            draw.text((-line % 97, line), text, fill=1, font=font, stroke_width=1)
        missing = np.asarray(drawn)
    return missing > 0


def measure(kind, model):
    """A row of the table."""
    choice, whole, missing = Choice(model), picture(), mask(kind)
    small = np.zeros((128, 128), bool)
    small[60:68, 60:68] = True
    photos.fill(whole[:128, :128], small, choice.filler)  # the start: the model is loaded and compiled
    start, cpu = time.perf_counter(), time.process_time()
    completed = photos.fill(whole, missing, choice.filler)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    assert (completed[~missing] == whole[~missing]).all()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    start = time.perf_counter()
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        photo_files.write(of_array(completed), file.name)
        photo_files.read(file.name)
    written = time.perf_counter() - start
    share = float(missing.mean())
    row = {"missing": kind, "share": share, "seconds": seconds, "cpu": cpu}
    return {**row, "file": written, "gigabytes": peak}


def main(argv):
    parser = Parser(description=__doc__)
    model_help = f"as inpaint.py takes it; default: {best()}"
    parser.add_argument("--model", default=best(), metavar="NAME", help=model_help)
    parser.add_argument("--hole", choices=HOLES, help="one of them, in this process")
    arguments = parser.parse_args(argv)
    if arguments.hole:
        print(json.dumps(measure(arguments.hole, arguments.model)))
        return 0
    rows = []
    for kind in HOLES:
        command = [sys.executable, __file__, "--model", arguments.model, "--hole", kind]
        finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows.append(json.loads(finished.stdout))
    print(f"{WIDTH}×{HEIGHT} pixels, {arguments.model}\n")
    print(markdown(rows, COLUMNS))
    return 0


if __name__ == "__main__":
    run_program(main)
