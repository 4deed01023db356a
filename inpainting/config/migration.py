"""Reads the config.json of earlier versions."""

from inpainting.config.data import Data
from inpainting.config.generators import GENERATORS
from inpainting.config.methods import METHODS
from inpainting.config.training import Training
from inpainting.errors import InputError

VERSION = 2

# Settings of the flat first version whose names have changed, and what they are called now.
RENAMED = {
    "encoder": "the first part of the model's name",
    "critic_filters": "critic.filters",
    "critic_learning_rate": "adversary_learning_rate",
    "discriminator_sees": "sees",
    "clip": "lipschitz.bound",
    "penalty_weight": "lipschitz.weight",
}


def migrated(values):
    """The values of a config.json, a dict, in the layout of VERSION. InputError for those of a later one."""
    version = values.get("version", 1)
    if version == 1:
        values = _from_flat(values)
    elif version != VERSION:
        raise InputError(f"config.json is of version {version}, this program reads up to {VERSION}: update it")
    if values.get("training", {}).get("precision") == "mixed_float16":  # gone, and its weights are in float32
        values = {**values, "training": {**values["training"], "precision": "float32"}}
    if values.get("method", {}).get("head_start") == 0:  # without which a budget had no effect
        values = {**values, "method": {**values["method"], "budget": None}}
    return {name: value for name, value in values.items() if name != "version"}


def _from_flat(values):
    """Version 1: all fields side by side, those that the model had no use for among them."""
    model, method = values.get("model"), values.get("method")
    if model == "conditional_pixel_cnn":
        raise InputError("its U-Net is another one since version 0.1.0, which trained this run: train it anew")
    if method == "density":
        generator = {"kind": model}
        method = "pixel_likelihood" if model == "pixel_cnn" else "image_likelihood"
    else:
        generator = {"kind": values.get("encoder")}
    if generator["kind"] not in GENERATORS or method not in METHODS:
        raise InputError(f"unknown model {model!r} in config.json: it was written by another version")

    def fields(section):
        return {name: values[name] for name in section.model_fields if name in values and name != "kind"}

    generator |= fields(GENERATORS[generator["kind"]])
    trained = {"kind": method, **fields(METHODS[method])}
    if method in ("dcgan", "wgan"):
        adversary = "discriminator" if method == "dcgan" else "critic"
        trained[adversary] = {"kind": values["critic"], "filters": values["critic_filters"]}
        if values["critic"] in ("cnn", "vgg"):
            trained[adversary]["layer_normalization"] = False
        trained |= {"budget": None, "head_start": 0}
        trained["sees"] = values["discriminator_sees"]
        trained["adversary_learning_rate"] = values["critic_learning_rate"]
    if method == "wgan":
        clip = {"kind": "clip", "bound": values["clip"]}
        penalty = {"kind": "gradient_penalty", "weight": values["penalty_weight"]}
        trained["lipschitz"] = clip if values["lipschitz"] == "clip" else penalty
    sections = {"data": fields(Data), "generator": generator, "method": trained, "training": fields(Training)}
    return {"model": model, **sections}
