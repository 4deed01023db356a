"""The plan of benchmarks/study.py: what is trained, and that each variant gets the same number of images."""

import pytest

from benchmarks.study import (
    PAPER,
    STUDIES,
    changed_settings,
    density_table,
    own_steps,
    run,
    steps_for,
    variant_name,
)
from inpainting.errors import InputError
from inpainting.experiments import experiment, resolved, with_settings
from inpainting.workdir import Workdir

VARIANTS = [variant for study in STUDIES.values() for variant in study]


@pytest.mark.parametrize(("model", "settings"), VARIANTS)
def test_every_variant_has_the_same_budget(model, settings):
    steps = steps_for(model, settings, 6000)
    texts = {name: str(value) for name, value in {**settings, "steps": steps}.items()}
    config = resolved(with_settings(experiment(model), texts))
    assert config.batches_until(steps) * config.batch_size == pytest.approx(6000 * 64, rel=0.005)


def test_a_share_of_a_model_s_own_steps():
    assert own_steps("conditional_pixel_cnn", {}) == experiment("conditional_pixel_cnn").steps
    assert (
        own_steps("conditional_pixel_cnn", {}, share=1 / 20) == experiment("conditional_pixel_cnn").steps // 20
    )


def test_a_run_of_other_settings_is_not_taken_for_the_variant(tmp_path):
    config = with_settings(experiment("cnn_l2"), {"bottleneck": "256", "steps": "7"})
    workdir = Workdir(tmp_path / "cnn_l2,bottleneck=256")
    workdir.create(resolved(config), overwrite=False)
    workdir.last.parent.mkdir()
    workdir.last.touch()
    workdir.write_json(workdir.path / "study.json", {"minutes": 3})
    options = {"splits": {}, "data_dir": None, "folder": tmp_path}
    assert run("cnn_l2", {"bottleneck": 256}, steps=lambda *_: 7, **options) == {"minutes": 3}
    with pytest.raises(InputError, match="was trained with other settings"):
        run("cnn_l2", {"bottleneck": 256}, steps=lambda *_: 8, **options)


def test_variants_are_named_by_what_differs():
    assert variant_name("cnn_l2", {"bottleneck": 512}) == "cnn_l2"
    assert variant_name("cnn_l2", {"bottleneck": 256}) == "cnn_l2,bottleneck=256"
    assert changed_settings("vgg_wgan", {"alpha": 0.99}) == {}
    for study in STUDIES.values():
        names = [variant_name(model, settings) for model, settings in study]
        assert len(set(names)) == len(names)


def test_the_paper_s_bottlenecks_are_all_there():
    names = {variant_name(*variant).removeprefix("cnn_l2,") for variant in STUDIES["bottleneck"]}
    assert names == set(PAPER)


def test_the_density_table_stands_beside_the_paper_and_the_published_values():
    """A conditional model has no bits of the image, and only three models have published ones."""

    def row(hole_mse, sharpness, seam):
        values = {"hole_mse": hole_mse, "half_sum_l2": 384 * hole_mse, "maem": 13.2}
        return {**values, "sharpness": sharpness, "seam": seam}

    mean = {**row(0.01, 0.61, 0.75), "hole_bits_per_dim": 4.09}
    result = {"minutes": 33.6, "test": mean, "greedy": row(0.02, 0.7, 0.8), "sample": row(0.03, 1.02, 1.03)}
    whole = {**result, "test": {**mean, "bits_per_dim": 4.4}}
    heading, _, *lines = density_table({"conditional_pixel_cnn": result, "pixel_cnn": whole}).splitlines()
    shared = "34 | 0.0100 | 3.84 | 13.2 | 0.61 | 0.75 | 0.0200 | 7.68 | 0.0300 | 1.02 | 1.03 | 4.09"
    expected = [
        f"| conditional_pixel_cnn | {shared} |  |  |  |",
        f"| pixel_cnn | {shared} | 4.40 | 6.98 | 3.14 |",
    ]
    assert lines == expected
    assert len(heading.split("|")) == len(lines[0].split("|"))
