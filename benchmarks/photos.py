"""Fillers over photographs with holes of each kind: python benchmarks/photos.py PHOTOGRAPHS MASKS

    python benchmarks/photos.py bsds500/test masks

MASKS has a folder for each kind of hole, and in it masks named as their photographs are, white = missing.
Measured are published weights, the blend of a sharp model with the L2 beside it, the classical methods of this
project and, where they are installed, two of others: FSR (frequency-selective reconstruction, of
opencv-contrib-python-headless) and PatchMatch (pypatchmatch). psnr: the mean over the photographs of each one's
PSNR over its hole, in dB, with its 95 % interval; gain: over the best of the classical methods, on the same
photographs (paired); sharpness and seam as docs/evaluating.md has them; seconds: the median of a photograph.
"""

import contextlib
import sys
import time
from datetime import date
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parent.parent))

from inpainting.command_line import Parser, import_tensorflow, run_program
from inpainting.errors import InputError
from inpainting.files import write_json
from inpainting.filling import photo_files, photo_masks, photos
from inpainting.filling.choice import CLASSICAL_FILLERS, PREFERRED, Choice, published
from inpainting.measuring.bootstrap import half_interval
from inpainting.measuring.report import markdown

ROOT = Path(__file__).parent.parent
REALISM = 0.8  # of a blend that is measured beside a sharp model
CLASSICAL = ("telea", "navier_stokes", "biharmonic")
COLUMNS = {
    "hole": "{}",
    "filler": "{}",
    "psnr": "{:.2f}",
    "gain": "{:+.2f}",
    "ssim": "{:.4f}",
    "sharpness": "{:.2f}",
    "seam": "{:.2f}",
    "seconds": "{:.2f}",
}


def fsr(picture, mask):
    """Genser, Seiler, Schilling and Kaup 2018, as OpenCV's extra modules have it.

    Its fast setting: the best takes 45 seconds for a photograph with text.
    """
    completed = np.zeros_like(picture)
    known = np.where(mask, 0, 255).astype(np.uint8)
    cv2.xphoto.inpaint(picture, known, completed, cv2.xphoto.INPAINT_FSR_FAST)
    return np.where(mask[..., None], completed, picture)


def patchmatch(picture, mask):
    """Barnes, Shechtman, Finkelstein and Goldman 2009; patches of 7×7 pixels."""
    from patchmatch import patch_match

    patch_match.set_random_seed(0)
    return patch_match.inpaint(picture, mask, patch_size=3)


def others():
    """Methods that this project does not bring, of those installed: name -> function of picture and mask."""
    found = {"FSR": fsr} if hasattr(cv2, "xphoto") else {}
    try:
        from patchmatch import patch_match
    except ImportError:
        return found
    return found | {"PatchMatch": patchmatch} if patch_match.patchmatch_available else found


def pairs(photographs, folder):
    """Yields uint8 [H, W, 3] and bool [H, W] for each mask of a folder. InputError without a photograph."""
    found = {path.stem: path for path in sorted(photographs.iterdir())}
    for path in sorted(folder.glob("*.png")):
        if path.stem not in found:
            raise InputError(f"{path} is a mask of no photograph in {photographs}: masks are named as they are")
        photo = photo_files.read(found[path.stem])
        yield photo.rgb, photo_masks.hole(photo, mask=photo_masks.grey(path))


def measure(fill, examples, name):
    """name -> float [N], of each example's psnr and seconds, and what `summarise` takes the means of."""
    from inpainting.measuring.metrics import per_image
    from inpainting.pixels import to_float

    values = []
    for picture, mask in tqdm(examples, name, unit="picture", leave=False, disable=None):
        began = time.perf_counter()
        completed = fill(picture, mask)
        seconds = time.perf_counter() - began
        measured = per_image(
            prediction=to_float(completed[None]),
            target=to_float(picture[None]),
            mask=np.float32(mask)[None, ..., None],
        )
        measured = {key: value.numpy()[0] for key, value in measured.items()}
        values.append({**measured, "psnr": -10 * np.log10(measured["hole_mse"]), "seconds": seconds})
    return {key: np.array([value[key] for value in values], np.float64) for key in values[0]}


def rows(hole, examples, fills):
    """Rows of the table of one kind of hole. fills: name -> function of a picture and a mask."""
    from inpainting.measuring.metrics import summarise

    measured = {name: measure(fill, examples, f"{hole}, {name}") for name, fill in fills.items()}
    best = max(CLASSICAL, key=lambda name: measured[name]["psnr"].mean())
    for name, values in measured.items():
        summary = summarise({key: value.mean() for key, value in values.items()})
        row = {"hole": hole, "filler": name, "psnr": values["psnr"].mean()}
        row["psnr_interval"] = half_interval(values["psnr"])
        if name != best:
            gain = values["psnr"] - measured[best]["psnr"]
            row |= {"gain": gain.mean(), "gain_interval": half_interval(gain)}
        row |= {key: float(summary[key]) for key in ("ssim", "sharpness", "seam")}
        yield {**row, "seconds": np.median(values["seconds"])}


def publish(table, count, arguments):
    """Writes docs/results/photos.json: its format is in benchmarks/tables.py."""
    import tensorflow as tf

    from inpainting.training.hardware import cpu

    note = (
        f"The first {count} test photographs of BSDS500 by name, TensorFlow {tf.__version__}, {cpu()}, "
        f"{date.today():%B %Y}. psnr: the mean of the photographs'; gain: over the best classical method."
    )
    numbers = [
        {key: value if isinstance(value, str) else float(f"{value:.4g}") for key, value in row.items()}
        for row in table
    ]
    words = [arguments.photographs, arguments.masks, *(f"--model {name}" for name in arguments.model or [])]
    command = " ".join(map(str, ["python benchmarks/photos.py", *words]))
    results = {"command": command, "note": note, "columns": COLUMNS, "rows": numbers}
    write_json(ROOT / "docs" / "results" / "photos.json", results)


def main(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("photographs", type=Path, metavar="PHOTOGRAPHS", help="a folder")
    parser.add_argument("masks", type=Path, metavar="MASKS", help="a folder of folders")
    models_help = "as inpaint.py takes it, repeatable; default: the published weights for photographs"
    parser.add_argument("--model", action="append", metavar="NAME", help=models_help)
    parser.add_argument("--publish", action="store_true", help="write docs/results/photos.json")
    arguments = parser.parse_args(argv)
    for folder in (arguments.photographs, arguments.masks):
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder: give a folder of photographs and one of masks")
    kinds = [folder for folder in sorted(arguments.masks.iterdir()) if folder.is_dir()]
    if not any(folder.glob("*.png") for folder in kinds):
        raise InputError(f"{arguments.masks} has no folder with masks in it, KIND/NAME.png")
    models = arguments.model or [name for name in PREFERRED if name in published()]
    choices = {name: Choice(name) for name in models}
    for name in models:
        with contextlib.suppress(InputError):  # what has no L2 beside it
            choices[f"{name}, realism {REALISM}"] = Choice(name, realism=REALISM)
    import_tensorflow()
    fillers = {name: CLASSICAL_FILLERS[name] for name in CLASSICAL}
    fillers |= {name: choice.filler for name, choice in choices.items()}
    fills = {name: partial(photos.fill, filler=filler) for name, filler in fillers.items()} | others()
    table = []
    for folder in kinds:
        examples = list(pairs(arguments.photographs, folder))
        table += rows(folder.name, examples, fills)
    print(markdown(table, COLUMNS))
    if arguments.publish:
        publish(table, len(examples), arguments)


if __name__ == "__main__":
    run_program(main)
