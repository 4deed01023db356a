"""The plan of benchmarks/study.py: what is trained, for how long, and what its table says."""

import pytest

from benchmarks.study import PAPER, bottleneck_row, columns_of, density_row, run, study_row
from benchmarks.variants import STUDIES, Budget, budget_of, changed_settings, variant_name
from inpainting.config.experiments import experiment
from inpainting.config.settings import with_settings
from inpainting.errors import InputError
from inpainting.files import write_json
from inpainting.measuring.report import markdown
from inpainting.workdir import Workdir


def test_a_variant_s_steps_by_hand():
    """6,000 batches of 64: a step of L2 takes one; vgg_wgan's last fifth takes four, but three
    in the 150 of 10,000 in which its critic is alone.
    """

    def steps(study, model, settings):
        return budget_of(study, 6000).steps(model, settings)

    assert steps("encoders", "cnn_l2", {}) == 6000
    assert steps("methods", "vgg_wgan", {}) == round(6000 / (0.8 + 0.015 * 3 + 0.185 * 4))
    assert steps("alpha", "vgg_wgan", {"alpha": 0.9}) == 1000
    assert steps("encoders", "cnn_l2", {"batch_size": 128}) == 3000
    assert steps("unet", "unet_l2", {"steps": 1620}) == 1620
    assert steps("density", "conditional_pixel_cnn", {}) == 15_000
    assert steps("learning_rate", "conditional_pixel_cnn", {}) == 750


@pytest.mark.parametrize("study", STUDIES)
def test_variants_are_settings_of_their_models_and_named_by_what_differs(study):
    names = [variant_name(model, settings) for model, settings in STUDIES[study]]
    assert len(set(names)) == len(names)
    assert all(name.startswith(model) for name, (model, _) in zip(names, STUDIES[study], strict=True))


def test_what_is_the_model_s_own_is_no_difference():
    assert variant_name("cnn_l2", {"bottleneck": 512}) == "cnn_l2"
    assert variant_name("cnn_l2", {"bottleneck": 256}) == "cnn_l2,bottleneck=256"
    assert changed_settings("vgg_wgan", {"alpha": 0.9}) == {}


def test_a_run_of_other_settings_is_not_taken_for_the_variant(tmp_path):
    workdir = Workdir(tmp_path / "short" / "cnn_l2,bottleneck=256")
    workdir.create(with_settings(experiment("cnn_l2"), {"bottleneck": 256, "steps": 7}), overwrite=False)
    workdir.last.parent.mkdir()
    workdir.last.touch()
    write_json(workdir.path / "study.json", {"minutes": 3})
    options = {"runs": tmp_path, "data_dir": None}
    budget = Budget("7 steps", "short", lambda model, settings: 7)
    assert run("cnn_l2", {"bottleneck": 256}, budget, **options) == {"minutes": 3}
    with pytest.raises(InputError, match="was trained with other settings"):
        run("cnn_l2", {"bottleneck": 256}, budget._replace(steps=lambda model, settings: 8), **options)


def test_what_follows_the_l2_is_known_by_the_settings_of_its_start(tmp_path):
    """As train.py --initial sets them: no L2 steps, a head start of 150, the L2's own ring."""
    budget = budget_of("sees")
    workdir = Workdir(tmp_path / budget.folder / "vgg_wgan")
    settings = {"warmup_steps": 0, "head_start": 150, "overlap": 0, "steps": 1000}
    workdir.create(with_settings(experiment("vgg_wgan"), settings), overwrite=False)
    workdir.last.parent.mkdir()
    workdir.last.touch()
    write_json(workdir.path / "study.json", {"minutes": 3})
    options = {"runs": tmp_path, "data_dir": None}
    assert run("vgg_wgan", {}, budget, **options) == {"minutes": 3}
    with pytest.raises(InputError, match="was trained with other settings"):
        run("vgg_wgan", {}, budget._replace(initial=None), **options)


def test_the_paper_s_bottlenecks_are_all_there():
    assert {variant_name(*variant) for variant in STUDIES["bottleneck"]} == set(PAPER)


def row(hole_mse, sharpness=0.5, seam=0.6):
    return {
        "hole_mse": hole_mse,
        "half_sum_l2": 384 * hole_mse,
        "maem": 13.2,
        "sharpness": sharpness,
        "seam": seam,
    }


def cells(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_a_study_s_table_by_hand():
    result = {"minutes": 3.4, "train": row(0.01), "validation": row(0.02)}
    rows = [bottleneck_row("cnn_l2", result)]
    heading, _, line = cells(markdown(rows, columns_of(rows)))
    expected = {
        "variant": "cnn_l2",
        "minutes": "3",
        "train half_sum_l2": "3.84",
        "validation half_sum_l2": "7.68",
        "validation hole_mse": "0.0200",
        "validation maem": "13.2",
        "validation sharpness": "0.50",
        "validation seam": "0.60",
        "paper: train": "6.34",
        "paper: validation": "7.20",
    }
    assert dict(zip(heading, line, strict=True)) == expected


def test_what_a_classifier_said_is_shown_with_its_interval():
    told = {**row(0.02), "c2st": 0.734, "c2st_interval": 0.012}
    rows = [study_row("vgg_wgan", {"minutes": 5, "train": row(0.01), "validation": told})]
    heading, _, line = cells(markdown(rows, columns_of(rows)))
    assert (heading[-1], line[-1]) == ("validation c2st", "0.734 ± 0.012")


def test_the_density_table_stands_beside_the_paper_and_the_published_values():
    """A conditional model has no bits of the image, and only three models have published ones."""
    mean = {**row(0.01, 0.61, 0.75), "hole_bits_per_dim": 4.09}
    result = {"minutes": 33.6, "test": mean, "greedy": row(0.02, 0.7, 0.8), "sample": row(0.03, 1.02, 1.03)}
    whole = {**result, "test": {**mean, "bits_per_dim": 4.4}}
    rows = [density_row("conditional_pixel_cnn", result), density_row("pixel_cnn", whole)]
    _, _, *lines = cells(markdown(rows, columns_of(rows)))
    shared = "34 0.0100 3.84 13.2 0.61 0.75 0.0200 7.68 0.0300 1.02 1.03 4.09"
    assert [" ".join(line).strip() for line in lines] == [
        f"conditional_pixel_cnn {shared}",
        f"pixel_cnn {shared} 4.40 6.98 3.14",
    ]
