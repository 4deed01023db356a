"""A minute of training: what an adversary adds to the L2."""

import json

import pytest

from inpainting import checkpoints

L2, HEAD_START, STEPS = 400, 60, 700


@pytest.mark.slow
def test_an_adversarial_run_ends_sharper_than_its_l2(call, tmp_path):
    """At an error within its budget; the checkpoint that is kept is an adversarial one."""
    settings = {
        "warmup_steps": L2,
        "head_start": HEAD_START,
        "generator.filters": 16,
        "generator.levels": 2,
        "critic.filters": 8,
        "learning_rate_warmup": 50,
        "generator_learning_rate": 5e-4,
        "validate_every": 100,
    }
    pairs = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    run = ["--model", "unet_wgan", "--dataset", "dead_leaves", "--image-size", 16, "--batch-size", 32]
    status, _, stderr = call("train.py", *run, "--steps", STEPS, "--workdir", tmp_path, *pairs)
    assert status == 0, stderr
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    validations = {line["step"]: line for line in lines if "validation_sharpness" in line}
    _, progress = checkpoints.load(tmp_path / "checkpoints" / "best.npz")
    l2, best = validations[L2], validations[progress["best_step"]]
    assert progress["best_step"] > L2 + HEAD_START
    assert best["validation_sharpness"] > l2["validation_sharpness"] + 0.04
    assert best["validation_hole_mse"] < 1.2 * 1.05 * l2["validation_hole_mse"]
