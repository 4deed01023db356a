"""Holes as photographs have them: scratches, strokes, text, rectangles and blocks.

Each image has one of these KINDS, each as often, and one or several of it, which cover LEAST to MOST of the
image: what would exceed that is left out. All images of a batch are drawn at once.
"""

import tensorflow as tf

KINDS = ("scratches", "strokes", "text", "boxes")
LEAST, MOST = 0.01, 0.4  # share of the image
POLYLINES, SEGMENTS = 4, 3  # scratches at most, strokes half as many; and the segments of each
SCRATCH_WIDTHS = (3.0, 7.0)  # pixels
STROKE_WIDTHS = (1 / 8, 5 / 8)  # of `hole`
CAPITALS = (12.0, 19.0)  # height of a letter in pixels; all else of a letter is in such heights:
PEN, WIDTH, ADVANCE, PITCH = 0.25, 0.9, 0.95, 2.7
LETTER_STROKES = 3
SPACES = 0.15  # of the letters
BOXES = 3


def mixed_masks(batch, *, image_size, hole, seed):
    """Float32 [batch, image_size, image_size, 1], 1 = missing, from a stateless seed, integer [2].

    hole: the longest side of a box, in pixels; strokes are an eighth to five eighths of it wide.
    """
    seeds = tf.random.split(seed, 4)
    kinds = tf.random.stateless_uniform([batch], seeds[0], 0, len(KINDS), tf.int32)
    thick = kinds == KINDS.index("strokes")
    drawn = {
        "scratches": polylines(thick, image_size=image_size, hole=hole, seed=seeds[1]),
        "text": text(batch, image_size=image_size, seed=seeds[2]),
    }
    drawn["strokes"] = drawn["scratches"]
    masks = boxes(batch, image_size=image_size, hole=hole, seed=seeds[3])
    for kind, others in drawn.items():  # of which one that covers too little or too much gives way to boxes
        share = _share(others)
        chosen = (kinds == KINDS.index(kind)) & (share >= LEAST) & (share <= MOST)
        masks = tf.where(chosen[:, None, None], others, masks)
    return tf.cast(masks, tf.float32)[..., None]


def polylines(thick, *, image_size, hole, seed):
    """Scratches, and strokes where `thick`, bool [B], says so: bool [B, H, W].

    A segment is up to `hole` pixels long along each axis; beyond the border it comes back, mirrored.
    """
    batch, size = tf.shape(thick)[0], tf.constant(image_size, tf.float32)
    seeds = tf.random.split(seed, 4)
    first = tf.random.stateless_uniform([batch, POLYLINES, 1, 2], seeds[0], 0.0, size)
    moves = tf.random.stateless_uniform([batch, POLYLINES, SEGMENTS, 2], seeds[1], -1.0, 1.0) * hole
    points = tf.concat([first, first + tf.cumsum(moves, axis=2)], axis=2)
    points = size - tf.abs(size - tf.abs(points) % (2 * size))
    most = tf.where(thick, POLYLINES // 2, POLYLINES)
    counts = 1 + _below(most, tf.random.stateless_uniform([batch], seeds[2]))
    low, high = (
        tf.where(thick, share * hole, width)[:, None]
        for width, share in zip(SCRATCH_WIDTHS, STROKE_WIDTHS, strict=True)
    )
    widths = low + (high - low) * tf.random.stateless_uniform([batch, POLYLINES], seeds[3])
    masks = tf.zeros([batch, image_size, image_size], tf.bool)
    for line in range(POLYLINES):
        radius = tf.where(line < counts, widths[:, line] / 2, -1.0)[:, None, None]
        for segment in range(SEGMENTS):
            ends = points[:, line, None, None, segment : segment + 2]
            distances = segment_distances(ends[..., :1, :], ends[..., 1:, :], image_size=image_size)[..., 0]
            masks = _added(masks, distances <= radius)
    return masks


def text(batch, *, image_size, seed):
    """Lines of bold letters, bool [batch, H, W]. A letter is a few strokes on a grid of 3×3 points."""
    seeds = tf.random.split(seed, 6)
    capital = tf.random.stateless_uniform([batch, 1], seeds[0], *CAPITALS)
    cells = int(image_size / (ADVANCE * CAPITALS[0])) + 2  # letters of a line, and lines, at most
    offsets = tf.random.stateless_uniform([2, batch, 1], seeds[1])
    index, axis = tf.range(cells, dtype=tf.float32), tf.range(image_size, dtype=tf.float32)
    top, left = (index - offsets[0]) * PITCH * capital, (index - offsets[1]) * ADVANCE * capital
    rows = tf.cast(axis / (PITCH * capital) + offsets[0], tf.int32)
    columns = tf.cast(axis / (ADVANCE * capital) + offsets[1], tf.int32)

    corners = tf.stack([tf.tile(top[:, :, None], [1, 1, cells]), tf.tile(left[:, None, :], [1, cells, 1])], -1)
    shape = [batch, cells, cells, LETTER_STROKES, 2, 2]
    grid = tf.cast(tf.random.stateless_uniform(shape, seeds[2], 0, 3, tf.int32), tf.float32) / 2
    box = tf.constant([1.0, WIDTH]) - PEN
    capital = capital[..., None, None]
    points = corners[:, :, :, None, None] + (PEN / 2 + grid * box) * capital[..., None, None]
    lines = tf.random.stateless_uniform([batch, cells, 1], seeds[3])
    shown = lines < tf.random.stateless_uniform([batch, 1, 1], seeds[4], 0.4, 1.0)
    shown &= tf.random.stateless_uniform([batch, cells, cells], seeds[5]) >= SPACES
    points = tf.where(shown[..., None, None, None], points, -1e3)  # out of sight

    points = tf.gather(tf.gather(points, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)
    distances = segment_distances(points[..., 0, :], points[..., 1, :], image_size=image_size)
    return tf.reduce_any(distances <= PEN / 2 * capital, -1)


def boxes(batch, *, image_size, hole, seed):
    """One to BOXES rectangles, half of them squares, bool [batch, H, W], each covering LEAST to MOST.

    A side is a tenth of the image's to `hole` long.
    """
    seeds = tf.random.split(seed, 4)
    area = MOST * image_size**2
    shortest = -(-image_size // 10)
    longest = max(hole, shortest)
    draws = tf.random.stateless_uniform([2, batch, BOXES], seeds[0])
    square = tf.random.stateless_uniform([batch, BOXES], seeds[1]) < 0.5
    highest = tf.where(square, min(longest, int(area**0.5)), longest)
    heights = shortest + _below(highest - shortest + 1, draws[0])
    widest = tf.minimum(longest, tf.cast(area / tf.cast(heights, tf.float32), tf.int32))
    widths = tf.where(square, heights, shortest + _below(widest - shortest + 1, draws[1]))
    sides = tf.stack([heights, widths], -1)
    starts = _below(image_size - sides + 1, tf.random.stateless_uniform([batch, BOXES, 2], seeds[2]))
    pixels = tf.range(image_size)
    inside = (pixels >= starts[..., None]) & (pixels < (starts + sides)[..., None])
    counts = 1 + _below(BOXES, tf.random.stateless_uniform([batch], seeds[3]))
    masks = tf.zeros([batch, image_size, image_size], tf.bool)
    for index in range(BOXES):
        box = inside[:, index, 0, :, None] & inside[:, index, 1, None, :]
        masks = _added(masks, box & (index < counts)[:, None, None])
    return masks


def segment_distances(starts, ends, *, image_size):
    """Distance in pixels from each pixel to each of N line segments, [B, H, W, N].

    starts, ends: (row, column), [B, H, W, N, 2], or [B, 1, 1, N, 2] where they are the same for all pixels.
    """
    axis = tf.range(image_size, dtype=tf.float32)
    down, right = axis[:, None, None] - starts[..., 0], axis[:, None] - starts[..., 1]  # from the start
    along = tf.unstack(ends - starts, axis=-1)
    squared_length = tf.maximum(along[0] ** 2 + along[1] ** 2, 1e-6)  # a segment that is a point
    fraction = tf.clip_by_value((down * along[0] + right * along[1]) / squared_length, 0.0, 1.0)
    return tf.sqrt(tf.square(down - fraction * along[0]) + tf.square(right - fraction * along[1]))


def _added(masks, shapes):
    """Masks with the shapes, both bool [B, H, W], where that covers no more than MOST."""
    grown = masks | shapes
    return tf.where((_share(grown) <= MOST)[:, None, None], grown, masks)


def _share(masks):
    return tf.reduce_mean(tf.cast(masks, tf.float32), [1, 2])


def _below(limit, uniform):
    """Whole numbers from 0 up to below `limit`, from uniform ones in [0, 1)."""
    return tf.cast(uniform * tf.cast(limit, tf.float32), tf.int32)
