"""A run that is killed again and again: python benchmarks/kills.py [--kills 20] [--workers 1]

A small run on dead leaves is trained undisturbed, and once more with a SIGKILL at moments drawn from a seed,
to one of its processes, followed by --resume. Prints how many kills there were, at which steps the run went on,
whether its checkpoints are those of the undisturbed run to the bit, and what was left lying about. Exit status
1 where they are not, or where a run does not go on. Of several workers, which reduce their gradients in
whichever order they come, the weights are compared within 1 %.
"""

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from inpainting.command_line import Parser, run_program
from inpainting.files import is_temporary

ROOT = Path(__file__).parent.parent
MODEL = "vgg_wgan"
SETTINGS = {
    "image_size": 16,
    "generator.filters": 8,
    "bottleneck": 16,
    "decoder_filters": 16,
    "critic.filters": 4,
    "batch_size": 8,
    "precision": "float32",
    "warmup_steps": 150,
    "checkpoint_every": 20,
    "validate_every": 50,
    "log_every": 10,
}
LONGEST = 10  # seconds from the start of the training to its kill


def command(workdir, steps, workers, *arguments):
    options = ["--model", MODEL, "--workdir", str(workdir), *arguments]
    options += ["--workers", str(workers)] if workers > 1 else []
    if "--resume" not in arguments:
        options += ["--dataset", "dead_leaves", "--deterministic", "--steps", str(steps)]
        options += [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    return [sys.executable, "train.py", *options]


def start(command, output):
    return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)


def processes_of(process):
    """Its children, or itself where it has none."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children] or [process.pid]


def difference(one, other):
    """The largest difference of two archives' arrays, over the norm of each; None where they are equal."""
    with np.load(one) as first, np.load(other) as second:
        names = [name for name in first.files if first[name].dtype.kind in "fiu"]
        pairs = [(first[name].astype(np.float64), second[name].astype(np.float64)) for name in names]
    if all((one == other).all() for one, other in pairs):
        return None
    return max(np.linalg.norm(one - other) / max(np.linalg.norm(one), 1e-12) for one, other in pairs)


def main(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        quiet, killed, log = Path(folder) / "quiet", Path(folder) / "killed", Path(folder) / "log"
        began = time.monotonic()
        with open(log, "w") as output:
            if start(command(quiet, arguments.steps, arguments.workers), output).wait():
                sys.exit(log.read_text())
        whole = time.monotonic() - began
        print(f"undisturbed: {arguments.steps} steps in {whole:.0f} seconds", flush=True)
        kills, went_on = 0, []
        while True:
            last = killed / "checkpoints" / "last.npz"
            how = "--resume" if last.exists() else "--overwrite"
            with open(log, "w") as output:
                process = start(command(killed, arguments.steps, arguments.workers, how), output)
                try:
                    while "training images" not in log.read_text() and process.poll() is None:
                        time.sleep(0.1)
                    patience = draw.uniform(0, LONGEST) if kills < arguments.kills else None
                    status = process.wait(patience)
                except subprocess.TimeoutExpired:
                    os.kill(draw.choice(processes_of(process)), signal.SIGKILL)
                    process.wait(120)
                    kills, status = kills + 1, None
            if step := re.search(r"resumed at step (\d+)", log.read_text()):
                went_on.append(int(step[1]))
            if status:
                sys.exit(f"it did not go on after {kills} kills:\n{log.read_text()}")
            if status == 0:
                break
            print(f"kill {kills}", end="\r", flush=True)
        if kills < arguments.kills:
            print(f"it ended after {kills} kills: --steps {2 * arguments.steps} takes longer")
        print(f"{kills} kills; went on at steps {', '.join(map(str, went_on))}")
        names = ("last.npz", "best.npz")
        found = {name: difference(*(run / "checkpoints" / name for run in (quiet, killed))) for name in names}
        for name, relative in found.items():
            told = "equal to the bit" if relative is None else f"differs by {relative:.2g} of its norm"
            print(f"{name}: {told}")
        left = [str(path.relative_to(killed)) for path in killed.rglob("*") if is_temporary(path)]
        print(f"left lying about: {', '.join(left) or 'nothing'}")
        bound = 0 if arguments.workers == 1 else 0.01
        return int(any(relative is not None and relative > bound for relative in found.values()))


if __name__ == "__main__":
    run_program(main)
