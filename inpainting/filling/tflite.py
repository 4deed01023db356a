"""Converts a model to TensorFlow Lite, for phones: python -m inpainting.filling.tflite runs/unet_l2

Writes model.tflite into the run's directory; that of published weights, pretrained/NAME, into
runs/pretrained/NAME. It takes one picture, of the sizes that the model takes, and its mask, and returns the
picture filled, every known pixel as it was; by a density model, in mode mean. docs/serving.md tells how it is
called and what does not convert. Exit status: 0 done, 1 failed, 2 the command was refused.
"""

from pathlib import Path

from inpainting.command_line import Parser, import_tensorflow, quiet, run_program
from inpainting.config.data import DRAWN
from inpainting.errors import InputError
from inpainting.files import atomic_file, disk
from inpainting.variables import resource
from inpainting.workdir import Workdir


def parse(argv):
    parser = Parser(description=__doc__)
    workdir_help = "a directory that train.py has made, or published weights: pretrained/NAME"
    parser.add_argument("workdir", metavar="WORKDIR", type=Workdir, help=workdir_help)
    parser.add_argument("--output", metavar="FILE", type=Path, help="default: model.tflite, see above")
    parser.add_argument("--overwrite", action="store_true", help="replace the file that is there")
    return parser.parse_args(argv)


def check(config):
    """InputError for a model with operations that TensorFlow Lite does not have."""
    way_out = "TensorFlow Lite cannot do that; serve the SavedModel"
    if config.data.fill in DRAWN:
        drawn = f"the noise of fill={config.data.fill}"
        raise InputError(f"{config.model} draws {drawn} by a hash of the picture: {way_out}")
    if config.generator.kind == "diagonal_bilstm":
        raise InputError(f"{config.model} keeps a list of rows, whose number the picture decides: {way_out}")


def converted(filler):
    """The bytes of a TensorFlow Lite model that fills as a NetworkFiller does.

    Its signature serving_default has image uint8 [1, H, W, 3], mask uint8 [1, H, W, 1], as `missing_pixels` of
    export.py reads it, and inpainted uint8 [1, H, W, 3]. Nothing is refused: it has no assertions.
    """
    import tensorflow as tf

    from inpainting.filling.export import missing_pixels

    image = tf.TensorSpec([1, *filler.sides, 3], tf.uint8, "image")
    mask = tf.TensorSpec([1, *filler.sides, 1], tf.uint8, "mask")

    @tf.function(input_signature=[image, mask])
    def fill(image, mask):
        image, mask = tf.cast(image, tf.int32), tf.cast(mask, tf.int32)  # of bytes, none can be selected
        outputs = filler.complete(image, missing_pixels(mask), tf.zeros([1], tf.int32))
        return {"inpainted": tf.cast(outputs["inpainted"], tf.uint8)}

    module = tf.Module()
    module.weights = [resource(variable) for variable in filler.network.variables]
    functions = [fill.get_concrete_function()]
    return tf.lite.TFLiteConverter.from_concrete_functions(functions, module).convert()


def main(argv):
    arguments = parse(argv)
    workdir = arguments.workdir
    path = arguments.output or workdir.tflite
    check(workdir.read_config())
    if path.exists() and not arguments.overwrite:
        raise InputError(f"{path} is there already: --overwrite replaces it, --output names another")
    import_tensorflow()
    from inpainting.filling.fillers import load_fillers

    (filler, *_), _ = load_fillers(workdir)
    with quiet():
        content = converted(filler)
    with disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        file.write(content)
    print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    run_program(main)
