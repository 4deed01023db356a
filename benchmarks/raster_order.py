"""What the pixels before a hole in raster order tell of it: python benchmarks/raster_order.py [--data-dir DIR]

Linear regressions of CIFAR-10's holes, row by row, on what of the context within 8 pixels

    above and left    lies in no column right of the hole and no row below the predicted one: all that zones of
                      a Pixel CNN, up to 9×9, can hold
    before            comes before the row in raster order, and left in it: also right of the hole's rows above
    all around        is there

Fitted on the training images, measured on the validation images: hole_mse, predictions clipped to [0, 1].
A network does better than a line; the contexts can be compared.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from inpainting.command_line import Parser, import_tensorflow, run_program

import_tensorflow()

import numpy as np

from inpainting.masks import hole_span
from inpainting.measuring.report import markdown
from pipelines import datasets

SIZE, HOLE, REACH = 32, 8, 8
START, STOP = hole_span(SIZE, HOLE)
RIDGE = 1.0  # added to the sums of squares of pixels in [0, 1]: neighbours are nearly equal


def seen(context, row):
    """The pixels that are seen of an image when a row of the hole is predicted, bool [SIZE, SIZE]."""
    pixels = np.zeros((SIZE, SIZE), bool)
    pixels[START - REACH : STOP + REACH, START - REACH : STOP + REACH] = True
    if context == "above and left":
        pixels[:, STOP:] = False
    if context != "all around":
        pixels[row:, STOP:] = False
        pixels[row + 1 :] = False
    pixels[START:STOP, START:STOP] = False
    return pixels


def inputs_and_target(images, context, row):
    """[N, pixels seen · 3 + 1], the last all 1, and the hole's row, [N, 8 · 3]."""
    inputs = images[:, seen(context, row)].reshape(len(images), -1)
    inputs = np.pad(inputs, [(0, 0), (0, 1)], constant_values=1)
    return inputs, images[:, row, START:STOP].reshape(len(images), -1)


def regression_mse(train, held_out, context):
    """hole_mse on held_out of the regressions fitted on train; both float32 [N, SIZE, SIZE, 3] in [0, 1]."""
    errors = []
    for row in range(START, STOP):
        inputs, target = inputs_and_target(train, context, row)
        weights = np.linalg.solve(inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1]), inputs.T @ target)
        inputs, target = inputs_and_target(held_out, context, row)
        errors.append(np.mean((np.clip(inputs @ weights, 0, 1) - target) ** 2))
    return float(np.mean(errors))


def main(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("--data-dir", help="where TFDS keeps its data sets")
    arguments = parser.parse_args(argv)
    train, held_out = (
        datasets.load("cifar10", split, image_size=SIZE, data_dir=arguments.data_dir).decoded / np.float32(255)
        for split in ("train", "validation")
    )
    contexts = ("above and left", "before", "all around")
    rows = [{"context": name, "hole_mse": regression_mse(train, held_out, name)} for name in contexts]
    print(markdown(rows, {"context": "{}", "hole_mse": "{:.4f}"}))


if __name__ == "__main__":
    run_program(main)
