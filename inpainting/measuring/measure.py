"""Measures fillers over a data set."""

import time

import numpy as np
from tqdm import tqdm

from inpainting.losses.likelihood import DENSITY_PER_IMAGE
from inpainting.measuring.c2st import SLOW, c2st
from inpainting.measuring.metrics import per_image, summarise
from inpainting.pixels import as_pixels, to_float, to_uint8

LIKELIHOOD_BATCH = 50  # images whose logits, 256 a sub-pixel, are in memory at once


def measure(filler, batches, *, classify=False):
    """The METRICS of a filler over batches of `image` and `mask`, and the hole_mse of each image.

    Beside the METRICS, its `parameters`, `ms_per_image`, the median over the batches, and a density model's
    DENSITY_PER_IMAGE in its usual mode: the likelihood is the same in all. classify: measuring.c2st.c2st too,
    of which all pictures are kept in memory.
    """
    values, times, kept, first = [], [], [], 0
    for batch in _shown(batches, filler.name):
        pictures, masks = to_uint8(batch["image"]).numpy(), batch["mask"].numpy()[..., 0]
        completed, seconds = _timed(filler, pictures, masks, seed=first)
        times.append(seconds / len(pictures))
        first += len(pictures)
        measured = per_image(prediction=to_float(completed), target=batch["image"], mask=batch["mask"])
        values.append({key: value.numpy() for key, value in measured.items()})
        if classify:
            kept.append((pictures, completed, masks))
    per_key = {key: np.concatenate([value[key] for value in values]) for key in values[0]}
    summary = summarise({key: float(np.mean(value, dtype=np.float64)) for key, value in per_key.items()})
    row = {key: float(value) for key, value in summary.items()}
    if getattr(filler, "mode", None) == "mean":
        row |= likelihood(filler, batches)
    if classify:
        row |= c2st(*(np.concatenate(arrays) for arrays in zip(*kept, strict=True)))
    if len(times) == 1:  # the first batch traces the network's graph
        times.append(_timed(filler, pictures, masks, seed=0)[1] / len(pictures))
    row["ms_per_image"] = 1000 * float(np.median(times[1:]))
    return {**row, "parameters": filler.parameters}, per_key["hole_mse"]


def _timed(filler, pictures, masks, **options):
    began = time.perf_counter()
    completed = filler(pictures, masks, **options)
    return completed, time.perf_counter() - began


def likelihood(filler, batches):
    """The mean DENSITY_PER_IMAGE of a density model over the images, those that it has."""
    batches = batches.unbatch().batch(LIKELIHOOD_BATCH)
    values = [
        filler.likelihood(as_pixels(batch["image"]), batch["mask"])
        for batch in _shown(batches, f"{filler.name} likelihood")
    ]
    known = [key for key in DENSITY_PER_IMAGE if key in values[0]]
    return {key: float(np.mean(np.concatenate([value[key] for value in values]))) for key in known}


def _shown(batches, text):
    """The batches, with progress and the time left on a terminal where they take longer than SLOW."""
    total = int(batches.cardinality())
    return tqdm(
        batches, text, total if total > 0 else None, unit="batch", delay=SLOW, leave=False, disable=None
    )
