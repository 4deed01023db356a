"""What the page's events do: a tab opens a picture, marks what is missing, and has it filled.

A file is read and deleted at once; the tab keeps its bytes in memory, until it is closed, opens another
picture, or LIFE has passed. Known pixels come from these bytes: a browser shows, and gives back, 8-bit colours
of its own screen, and so is asked for the brush strokes alone.
"""

import contextlib
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import gradio as gr
import numpy as np

from inpainting.errors import InputError
from inpainting.filling import photo_files
from inpainting.filling.photo_encoding import encoded
from inpainting.web.models import PIXELS

LIFE = 600  # seconds for which a tab keeps its picture, and results can be downloaded
PASSING = 20  # seconds for which all else lies in the folder: what an editor uploads, what it is shown
RESULTS = "result-"  # folders of results begin so
SHOWN = 1280  # the longer side of what is shown, in pixels


@dataclass(frozen=True)
class Opened:
    """What a tab has opened.

    picture, mask: bytes of files; mask may be None. stem: the picture's name without suffix. painted: uint8
    [h, w], what is painted over the picture as it is shown, or None.
    """

    picture: bytes
    stem: str
    mask: bytes | None = None
    painted: np.ndarray | None = None


def taken(path):
    """The bytes of an uploaded file, which is deleted."""
    path = Path(path)
    try:
        return path.read_bytes()
    finally:
        path.unlink()


def opened(content, stem):
    """An Opened and what is shown of it, uint8 [h, w, 3]."""
    try:
        photo = photo_files.decoded(content, "the picture", most=PIXELS)
    except InputError as error:
        raise said(error) from error
    return Opened(content, stem), smaller(photo.rgb)


def masked(tab, path):
    """The Opened with a mask's file."""
    return replace(_some(tab), mask=taken(path))


def painted(tab, editor):
    """The Opened with what is painted in its editor: the alpha of the layers; the picture below is not used."""
    layers = [layer[..., 3] for layer in editor["layers"]]
    return replace(_some(tab), painted=np.maximum.reduce(layers) if layers else None)


def _some(tab):
    if tab is None:
        raise gr.Error("Open a picture first.", print_exception=False)
    return tab


def fill(models, folder, tab, *, model, realism, samples, grow, progress):
    """Before and after, uint8 [h, w, 3], of each sample, and the paths of PNGs of the completed pictures.

    realism, samples: of a model that takes them. progress: a gr.Progress.
    """
    place = Path(tempfile.mkdtemp(dir=folder, prefix=RESULTS))
    pairs, paths = [], []
    try:
        draws = models.takes(model, samples=True)
        blends = models.takes(model, realism=realism)
        choice = models.choice(model, realism=realism if blends else None, samples=draws)
        seeds = range(samples if draws else 1)
        fills = models.fill(
            tab.picture, choice=choice, mask=tab.mask, painted=tab.painted, grow=grow, seeds=seeds
        )
        for photo, completed in progress.tqdm(fills, total=len(seeds), desc="filling", unit="picture"):
            number = f"_{len(paths) + 1}" if draws else ""
            pairs.append((smaller(photo.rgb), smaller(completed.rgb)))
            paths.append(place / f"{tab.stem}_inpainted{number}.png")
            paths[-1].write_bytes(encoded(completed))
    except InputError as error:
        raise said(error) from error
    return pairs, paths


def said(error):
    """An InputError as the page says it."""
    return gr.Error(str(error), print_exception=False)


def smaller(picture):
    """A picture of at most SHOWN pixels along its longer side."""
    height, width = picture.shape[:2]
    scale = SHOWN / max(height, width)
    if scale >= 1:
        return picture
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def forget(folder):
    """Deletes what has lain in a folder for its time."""
    for path in Path(folder).rglob("*"):
        with contextlib.suppress(OSError):  # it is gone already
            life = LIFE if path.relative_to(folder).parts[0].startswith(RESULTS) else PASSING
            if time.time() - path.stat().st_mtime > life:
                path.rmdir() if path.is_dir() else path.unlink()


def keep_forgetting(folder):
    """Has a thread `forget` as long as the program runs."""

    def sweep():
        while True:
            time.sleep(PASSING / 4)
            forget(folder)

    threading.Thread(target=sweep, daemon=True).start()
