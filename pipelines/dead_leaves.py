"""The embedded data set: dead leaves, images of occluding textured shapes (Lee, Mumford & Huang 2001).

Discs and rectangles of power-law sizes fall on one another until the image is covered; that gives occlusion
edges and scale-free statistics like those of natural images. Everything follows from a seed: no download.
"""

import numpy as np

BLOCK = 250  # images drawn together
LEAVES = 24
SMALLEST, LARGEST = 0.12, 0.7  # radii, as a share of the image
EXPONENT = 3.0  # density of radii ~ r^-3, the scale-invariant one


def dead_leaves(count, *, image_size, seed):
    """The first `count` images of a seed, uint8 [count, image_size, image_size, 3]."""
    blocks = [
        _render(BLOCK, image_size, np.random.default_rng([seed, start])) for start in range(0, count, BLOCK)
    ]
    return np.concatenate(blocks)[:count]


def _render(count, size, random):
    """Leaves of all images in parallel, from the bottom one to the top one."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size
    y, x = axis[None, :, None], axis[None, None, :]
    images = np.repeat(_colours(count, random), size, 1).repeat(size, 2)
    for _ in range(LEAVES):
        column = (count, 1, 1)
        centre_y, centre_x = random.uniform(-0.1, 1.1, (2, *column)).astype(np.float32)
        angle = random.uniform(0, np.pi, column).astype(np.float32)
        radius = _power_law(random, column)
        aspect = random.uniform(0.5, 1.0, column).astype(np.float32)
        along = (x - centre_x) * np.cos(angle) + (y - centre_y) * np.sin(angle)
        across = ((y - centre_y) * np.cos(angle) - (x - centre_x) * np.sin(angle)) / aspect
        disc = np.sqrt(along**2 + across**2)
        rectangle = np.maximum(np.abs(along), np.abs(across))
        distance = np.where(random.random(column) < 0.6, disc, rectangle) - radius
        cover = np.clip(0.5 - distance * size, 0, 1)[..., None]  # one pixel of antialiasing
        frequency = random.uniform(0.5, 4, column).astype(np.float32) * np.pi / radius
        stripes = np.sin(frequency * along + random.uniform(0, 6, column).astype(np.float32))
        shading = along / radius  # light from one side
        texture = random.uniform(0, 0.12, column) * stripes + random.uniform(0, 0.15, column) * shading
        leaf = _colours(count, random) + texture[..., None].astype(np.float32)
        images = images + cover * (leaf - images)
    images += random.normal(0, 0.01, images.shape).astype(np.float32)
    return np.uint8(np.clip(np.rint(images * 255), 0, 255))


def _colours(count, random):
    """A colour an image, float32 [count, 1, 1, 3]: a grey of any lightness, tinted."""
    grey = random.uniform(0.05, 0.95, (count, 1, 1, 1))
    return np.clip(grey + random.normal(0, 0.08, (count, 1, 1, 3)), 0, 1).astype(np.float32)


def _power_law(random, shape):
    """Radii of density r^-EXPONENT between SMALLEST and LARGEST, by inversion."""
    power = 1 - EXPONENT
    low, high = SMALLEST**power, LARGEST**power
    return ((low + random.random(shape) * (high - low)) ** (1 / power)).astype(np.float32)
