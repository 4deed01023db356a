"""Programs on a disk that runs full: python benchmarks/full_disk.py [--sizes 24]

Needs root, to mount file systems of its own in memory. On each of them, from 4 KiB to 16 MiB, a small run is
trained, measured, and a picture is filled, so that every kind of write meets a full disk at some size. A
program ends with status 0, or with 2 and one line that names the file; what it leaves can be read and is no
half of anything. Prints the counts; exit status 1 where one did otherwise.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.kills import MODEL, SETTINGS
from inpainting.command_line import Parser, run_program
from inpainting.errors import InputError
from inpainting.files import is_temporary

ROOT = Path(__file__).parent.parent
SMALLEST, LARGEST = 12, 24  # powers of 2


def commands(disk, picture, mask):
    """What writes on the disk, by name."""
    settings = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    run = ["--model", MODEL, "--workdir", f"{disk}/run", "--steps", "12", "--set", "checkpoint_every=4"]
    run += ["--set", "warmup_steps=6", "--set", "validate_every=6", "--dataset", "dead_leaves"]
    filled = ["--mask", mask, "--model", "telea", "--output", f"{disk}/filled.png"]
    return {
        "train.py": [*settings, *run],
        "evaluate.py": [f"{disk}/run", "--limit", "8", "--baselines"],
        "inpaint.py": [picture, *filled],
    }


def broken(disk):
    """Files that are half of something."""
    for path in Path(disk).rglob("*"):
        try:
            if is_temporary(path):
                yield f"{path}: a temporary file"
            elif path.suffix == ".json":
                json.loads(path.read_text())
            elif path.suffix == ".npz":
                with np.load(path) as archive:
                    all(archive[name].size for name in archive.files)
            elif path.suffix == ".png":
                Image.open(path).load()
        except Exception as error:  # whatever a half file may raise
            yield f"{path}: {error}"
    for folder in Path(disk).glob("run/saved_model/*"):
        if not (folder / "saved_model.pb").exists():
            yield f"{folder}: without its model"


def main(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("--sizes", type=int, default=24, help="how many, evenly spaced on a scale of powers")
    arguments = parser.parse_args(argv)
    counts, wrong = Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        picture, mask = f"{folder}/picture.png", f"{folder}/mask.png"
        pixels = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
        Image.fromarray(pixels).save(picture)
        Image.fromarray(np.uint8(np.indices((256, 256)).sum(0) % 64 == 0) * 255).save(mask)
        disk = f"{folder}/disk"
        Path(disk).mkdir()
        for power in np.linspace(SMALLEST, LARGEST, arguments.sizes):
            size = round(2**power)
            mounted = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk]
            if subprocess.run(mounted, capture_output=True).returncode:
                raise InputError("no file system can be mounted: this needs root")
            try:
                for program, options in commands(disk, picture, mask).items():
                    if program == "evaluate.py" and not Path(f"{disk}/run/checkpoints/last.npz").exists():
                        continue
                    ended = subprocess.run(
                        [sys.executable, program, *options], cwd=ROOT, capture_output=True, text=True
                    )
                    counts[program, ended.returncode] += 1
                    lines = ended.stderr.strip().splitlines()
                    if ended.returncode and (ended.returncode != 2 or "Traceback" in ended.stderr):
                        wrong.append(f"{size:,} bytes, {program}: status {ended.returncode}: {lines[-1:]}")
                    elif ended.returncode and disk not in lines[-1]:
                        wrong.append(f"{size:,} bytes, {program}: names no file: {lines[-1]}")
                wrong += [f"{size:,} bytes: {line}" for line in broken(disk)]
            finally:
                subprocess.run(["umount", disk], check=True)
    for (program, status), count in sorted(counts.items()):
        print(f"{program}: status {status} on {count} of {arguments.sizes} disks")
    print("\n".join(wrong) or "nothing else, and no half file")
    return int(bool(wrong))


if __name__ == "__main__":
    run_program(main)
