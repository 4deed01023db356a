"""What runs are measured on."""

import pytest

from inpainting.config.data import Data
from inpainting.measuring.tasks import measurement


@pytest.mark.parametrize(
    ("settings", "split", "limit", "name"),
    [
        ({}, "test", None, "cifar10-test-center"),
        ({}, "validation", 500, "cifar10-validation-center-first500"),
        ({"mask": "rectangle"}, "test", None, "cifar10-test-rectangle"),
        ({"dataset": "downsampled_imagenet/32x32"}, "test", None, "downsampled_imagenet_32x32-test-center"),
        ({"dataset": "folder:/my/own pictures/"}, "test", None, "own_pictures-test-center"),
    ],
)
def test_a_measurement_has_a_name_of_its_own(settings, split, limit, name):
    assert measurement(Data(**settings), split, limit) == name
