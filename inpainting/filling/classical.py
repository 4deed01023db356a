"""Classical completions, to compare a network with: they need no training.

Each takes uint8 images [B, H, W, 3] and masks [B, H, W] (1 = missing) and returns completed uint8 images.
"""

import cv2
import numpy as np
from skimage.restoration import inpaint_biharmonic

RADIUS = 3  # pixels, for the two of OpenCV


def context_mean(images, masks):
    """Fills the hole with the mean colour of the context."""
    known = 1.0 - masks[..., None]
    mean = (images * known).sum((1, 2), keepdims=True) / np.maximum(known.sum((1, 2), keepdims=True), 1)
    return np.where(masks[..., None] > 0, np.uint8(np.rint(mean)), images)


def telea(images, masks):
    """Fast marching (Telea 2004), OpenCV."""
    return _opencv(images, masks, cv2.INPAINT_TELEA)


def navier_stokes(images, masks):
    """Fluid dynamics (Bertalmio et al. 2001), OpenCV."""
    return _opencv(images, masks, cv2.INPAINT_NS)


def biharmonic(images, masks):
    """Biharmonic interpolation (Damelin & Hoang 2018), scikit-image."""
    completed = [
        inpaint_biharmonic(image / 255.0, mask > 0, channel_axis=-1)
        for image, mask in zip(images, masks, strict=True)
    ]
    return np.uint8(np.rint(np.clip(completed, 0, 1) * 255))


CLASSICAL = {
    "context mean": context_mean,
    "Telea": telea,
    "Navier–Stokes": navier_stokes,
    "biharmonic": biharmonic,
}


def _opencv(images, masks, method):
    pairs = zip(images, np.uint8(masks), strict=True)
    return np.stack([cv2.inpaint(image, mask, RADIUS, method) for image, mask in pairs])
