"""A network by its kind: one file of models/ and one line of inpainting/config."""

import inspect
import shutil
import subprocess
import sys
from importlib import import_module
from types import ModuleType

import pytest
from tensorflow import keras

from inpainting.config.critics import CRITICS, critic
from inpainting.config.experiments import experiment
from inpainting.config.generators import DENSITY, ENCODERS, ContextEncoder, encoder
from models import build_adversary, build_generator
from models.blocks import critic_block, critic_score
from tests.conftest import ROOT

BUILDERS = [
    *((f"{kind}_encoder", kind, section, {"image_size", "block"}) for kind, section in ENCODERS.items()),
    *((f"{kind}_critic", kind, section, {"image_size"}) for kind, section in CRITICS.items()),
    *((kind, kind, section, {"image_size", "patch", "features"}) for kind, section in DENSITY.items()),
]


@pytest.mark.parametrize(
    ("function", "kind", "section", "others"),
    BUILDERS,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_builder_takes_the_fields_of_its_section(function, kind, section, others):
    """By keyword and with the same defaults; `others` come from elsewhere."""
    taken = inspect.signature(getattr(import_module(f"models.{kind}"), function)).parameters
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in taken.values())
    shared = ContextEncoder.model_fields if kind in ENCODERS else {}
    fields = {name: field.default for name, field in section.model_fields.items() if name not in shared}
    assert fields.pop("kind") == kind
    assert {name: taken[name].default for name in fields} == fields
    assert set(taken) - set(fields) <= others


def yours_encoder(*, image_size, filters, block):
    inputs = keras.Input((image_size, image_size, 4))
    return keras.Model(inputs, block(inputs, filters, strides=4, name="yours"), name="yours_encoder")


def yours_critic(*, image_size, filters):
    image = keras.Input((image_size, image_size, 3))
    return keras.Model(image, critic_score(critic_block(image, filters, name="yours")), name="yours_critic")


def test_one_file_makes_an_encoder_and_a_critic(monkeypatch):
    yours = ModuleType("models.yours")
    yours.yours_encoder, yours.yours_critic = yours_encoder, yours_critic
    monkeypatch.setitem(sys.modules, "models.yours", yours)
    config = experiment("vgg_wgan")
    method = config.method.model_copy(update={"critic": critic("yours", filters=4)()})
    generator = encoder("yours", filters=8)(bottleneck=16, decoder_filters=8)
    config = config.model_copy(update={"generator": generator, "method": method})
    network = build_generator(config)
    assert network.get_layer("yours_encoder").output_shape == (None, 8, 8, 8)
    assert network.output_shape == (None, 32, 32, 3)
    assert network.get_layer("bottleneck").filters == 16
    assert build_adversary(config).get_layer("yours").filters == 4


ADD = {
    "generators.py": ('    "vgg": encoder(', '    "yours": encoder("yours", filters=8),\n'),
    "critics.py": ('    "vgg": critic(', '    "yours": critic("yours", filters=4),\n'),
}
NAMES = """
from inpainting.config.experiments import EXPERIMENTS, experiment
from inpainting.config.settings import with_settings

for name in EXPERIMENTS:
    if name.startswith("yours"):
        print(name, experiment(name).generator.filters)
print(with_settings(experiment("yours_wgan"), {"critic": "yours"}).method.critic.filters)
"""


def test_one_line_makes_its_experiments(tmp_path):
    """In a copy of the configuration, as it is made when it is imported."""
    shutil.copytree(ROOT / "inpainting", tmp_path / "inpainting", ignore=shutil.ignore_patterns("__pycache__"))
    for name, (before, line) in ADD.items():
        path = tmp_path / "inpainting" / "config" / name
        text = path.read_text()
        assert text.count(before) == 1
        path.write_text(text.replace(before, line + before))
    finished = subprocess.run(
        [sys.executable, "-c", NAMES], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert finished.stdout.splitlines() == ["yours_l2 8", "yours_dcgan 8", "yours_wgan 8", "4"], finished.stderr
