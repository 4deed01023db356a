"""The TensorFlow Lite model has the SavedModel's pixels; its command, and what it refuses."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.config.settings import to_dict
from inpainting.files import write_json
from inpainting.filling.export import Inpainter
from inpainting.filling.fillers import network_fillers
from inpainting.filling.tflite import converted
from models import build_generator
from tests.conftest import command
from tests.dummies import moved, photos_filler

RANDOM = np.random.default_rng(0)


def runner(content):
    """The function in a TensorFlow Lite model, bytes."""
    return tf.lite.Interpreter(model_content=content).get_signature_runner("serving_default")


def assert_same_pixels(fill, signatures, image, mask):
    """Known ones to the bit; a last-bit difference of a convolution may turn a rounding by one."""
    lite = fill(image=image, mask=mask)["inpainted"]
    served = signatures["serving_default"](image=tf.constant(image), mask=tf.constant(mask))[
        "inpainted"
    ].numpy()
    assert lite.shape == image.shape and lite.dtype == np.uint8
    known = mask[..., 0] == 0
    np.testing.assert_array_equal(lite[known], image[known])
    assert (served[~known] != image[~known]).mean() > 0.9
    assert np.abs(lite.astype(int) - served).max() <= 1
    assert (lite == served).mean() > 0.99


def test_a_u_net_of_any_size():
    """One file for all sizes; the pyramid's fill is in it."""
    filler = photos_filler()
    fill, signatures = runner(converted(filler)), Inpainter([filler]).endpoints
    for height, width in (16, 16), (33, 47), (24, 9), (3, 5):
        image = RANDOM.integers(0, 256, (1, height, width, 3), np.uint8)
        mask = np.zeros((1, height, width, 1), np.uint8)
        mask[:, 1 : height - 1, 2 : width // 2 + 1] = 255
        assert_same_pixels(fill, signatures, image, mask)
    ones = fill(image=image, mask=mask // 255)["inpainted"]  # a mask of 0 and 1
    np.testing.assert_array_equal(ones, fill(image=image, mask=mask)["inpainted"])


@pytest.mark.parametrize(
    "model",
    [
        "cnn_l2",
        pytest.param("unet_dcgan", marks=pytest.mark.slow),
        pytest.param("vgg_l2", marks=pytest.mark.slow),
        pytest.param("inception_l2", marks=pytest.mark.slow),
        pytest.param("resnet_wgan", marks=pytest.mark.slow),
        pytest.param("pixel_cnn", marks=pytest.mark.slow),
        pytest.param("row_lstm", marks=pytest.mark.slow),
        pytest.param("flattened_row_lstm", marks=pytest.mark.slow),
        pytest.param("conditional_pixel_cnn", marks=pytest.mark.slow),
    ],
)
def test_a_network_of_the_centred_hole(small_config, model):
    config = small_config(model)
    filler = network_fillers(config, moved(build_generator(config)))[0]
    image = RANDOM.integers(0, 256, (1, 16, 16, 3), np.uint8)
    mask = np.zeros((1, 16, 16, 1), np.uint8)
    mask[:, 6:10, 6:10] = 255
    assert_same_pixels(runner(converted(filler)), Inpainter([filler]).endpoints, image, mask)


def test_the_command_writes_a_file_once(finished_run, call, refused, tmp_path):
    path = tmp_path / "new" / "phone.tflite"
    assert call("tflite.py", finished_run, "--output", path) == (0, f"wrote {path}\n", "")
    assert [file.name for file in path.parent.iterdir()] == ["phone.tflite"]
    image, mask = np.full((1, 16, 16, 3), 200, np.uint8), np.zeros((1, 16, 16, 1), np.uint8)
    np.testing.assert_array_equal(runner(path.read_bytes())(image=image, mask=mask)["inpainted"], image)
    path.write_bytes(b"mine")
    assert f"{path} is there already: --overwrite replaces it" in refused(
        "tflite.py", finished_run, "--output", path
    )
    assert path.read_bytes() == b"mine"
    assert call("tflite.py", finished_run, "--output", path, "--overwrite")[0] == 0
    assert path.read_bytes()[4:8] == b"TFL3"


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        ("vgg_l2", {"fill": "noise"}, "vgg_l2 draws the noise of fill=noise by a hash of the picture: "),
        ("vgg_l2", {"fill": "grain"}, "vgg_l2 draws the noise of fill=grain by a hash of the picture: "),
        ("diagonal_bilstm", {}, "diagonal_bilstm keeps a list of rows, "),
    ],
)
def test_what_does_not_convert_is_refused(refused, small_config, tmp_path, model, settings, message):
    config = small_config(model, **settings)
    write_json(tmp_path / "config.json", to_dict(config))
    line = refused("tflite.py", tmp_path)
    assert message in line and line.endswith("TensorFlow Lite cannot do that; serve the SavedModel")
    filler = network_fillers(config, build_generator(config))[0]
    with pytest.raises(Exception, match="SerializeTensor|TensorListReserve"):  # which is why
        converted(filler)


def test_what_is_no_run_is_refused(refused, tmp_path):
    assert "is not a run's directory" in refused("tflite.py", tmp_path)
    assert "required: WORKDIR" in refused("tflite.py")


def test_help_needs_no_tensorflow():
    code = (
        "import sys\n"
        "from inpainting.filling import tflite\n"
        "try: tflite.main(['--help'])\n"
        "finally: print('tensorflow' in sys.modules)"
    )
    ended = command("-c", code)
    assert ended.returncode == 0 and ended.stdout.splitlines()[-1] == "False", ended.stderr
