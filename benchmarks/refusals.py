"""Forty bad inputs to the four programs: python benchmarks/refusals.py

Each is to be refused with exit status 2 and one line on stderr, and to write nothing. Prints each line, how
many were refused so, and the seconds that a refusal took; exit status 1 where one was not.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from inpainting.command_line import Parser, run_program

ROOT = Path(__file__).parent.parent
TRAIN = ("train.py", "--model", "vgg_wgan", "--workdir", "new")
INPAINT = ("inpaint.py", "picture.png")
MASKED = (*INPAINT, "--mask", "mask.png")
COMMANDS = [
    ("train.py",),
    ("train.py", "--model", "vgg_gan"),
    ("train.py", "--model", "photos_l2"),
    (*TRAIN, "--stps", "3"),
    (*TRAIN, "--set", "stps=3"),
    (*TRAIN, "--set", "steps"),
    (*TRAIN, "--steps", "three"),
    (*TRAIN, "--steps", "0"),
    (*TRAIN, "--hole", "40"),
    (*TRAIN, "--image-size", "30"),
    (*TRAIN, "--set", "alpha=2"),
    (*TRAIN, "--set", "learning_rate=-1"),
    (*TRAIN, "--set", "dropout=0.5x"),
    (*TRAIN, "--set", "segment_rows=3"),
    (*TRAIN, "--resume"),
    (*TRAIN, "--resume", "--overwrite"),
    (*TRAIN, "--initial", "nowhere"),
    (*TRAIN, "--initial", str(ROOT / "pretrained" / "unet_l2")),
    (*TRAIN, "--dataset", "folder:nowhere"),
    (*TRAIN, "--dataset", "folder:empty"),
    (*TRAIN, "--dataset", "./empty"),
    (*TRAIN, "--devices", "0"),
    ("evaluate.py",),
    ("evaluate.py", "nowhere"),
    ("evaluate.py", "empty"),
    ("evaluate.py", str(ROOT / "pretrained" / "unet_l2"), "--split", "tset"),
    ("evaluate.py", str(ROOT / "pretrained" / "unet_l2"), "--realism", "2"),
    ("evaluate.py", str(ROOT / "pretrained" / "unet_l2"), "--limit", "0"),
    INPAINT,
    ("inpaint.py", "nowhere.png", "--box", "1,1,4,4"),
    ("inpaint.py", "text.png", "--box", "1,1,4,4"),
    (*INPAINT, "--mask", "nowhere.png"),
    (*INPAINT, "--mask", "small.png"),
    (*INPAINT, "--mask", "alpha"),
    (*INPAINT, "--box", "0,0,64,64"),
    (*INPAINT, "--box", "1,1,4"),
    (*INPAINT, "--mask-color", "purple"),
    (*MASKED, "--model", "photos"),
    (*MASKED, "--output", "picture.gif"),
    ("app.py", "--port", "many"),
]


def prepare(folder):
    """A picture, masks of its size and of another, a file that is no picture, and an empty folder."""
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "picture.png")
    mask = np.zeros((64, 64), np.uint8)
    mask[20:30, 20:30] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    Image.fromarray(mask[:32]).save(folder / "small.png")
    (folder / "text.png").write_text("no picture")
    (folder / "empty").mkdir()


def main(argv):
    Parser(description=__doc__).parse_args(argv)
    wrong, times = 0, []
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        shell = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
        before = sorted(Path(folder).rglob("*"))
        for program, *options in COMMANDS:
            began = time.perf_counter()
            command = [sys.executable, str(ROOT / program), *options]
            ended = subprocess.run(command, cwd=folder, env=shell, capture_output=True, text=True)
            times.append(time.perf_counter() - began)
            lines = ended.stderr.strip().splitlines()
            good = ended.returncode == 2 and len(lines) == 1 and sorted(Path(folder).rglob("*")) == before
            wrong += not good
            print(f"{'' if good else f'WRONG (status {ended.returncode}): '}{' '.join(lines)}", flush=True)
    print(
        f"\n{len(COMMANDS) - wrong} of {len(COMMANDS)} refused in one line, "
        f"each in {statistics.median(times):.1f} seconds, {max(times):.1f} at most"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    run_program(main)
