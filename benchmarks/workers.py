"""How much faster two workers are than one: python benchmarks/workers.py [NAME …] [--workers 2]

Each worker is a process with one core of this machine for itself and the model's own batch, so that two train
on twice the images a step; they reduce their gradients over loopback. images/s is the median of the log's lines
but the first two; efficiency is that of all workers over as many times one worker's. TensorFlow 2.15 alone.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from inpainting.command_line import Parser, run_program
from inpainting.config.experiments import experiment
from inpainting.measuring.report import markdown
from inpainting.training import workers

ROOT = Path(__file__).parent.parent
NAMES = ("vgg_l2", "unet_l2")
LOG_EVERY = 20
COLUMNS = {"model": "{}", "one worker, images/s": "{:.0f}", "all, images/s": "{:.0f}", "efficiency": "{:.2f}"}


def images_per_second(name, count, steps):
    """Of `count` workers, each on a core of its own."""
    batch = count * experiment(name).training.batch_size
    addresses = [f"127.0.0.1:{port}" for port in workers.free_ports(count)]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "train.py", "--model", name, "--dataset", "dead_leaves", "--workdir", folder]
        command += ["--overwrite", "--steps", str(steps), "--batch-size", str(batch)]
        command += ["--set", f"log_every={LOG_EVERY}", "--set", "validate_every=1000000"]
        started = []
        for index in range(count):
            task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1"}
            if count > 1:
                environment["TF_CONFIG"] = json.dumps(task)
            pinned = ["taskset", "-c", str(index), *command]
            started.append(subprocess.Popen(pinned, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL))
        if any([process.wait() for process in started]):
            sys.exit(f"{name}: {count} workers did not come to an end")
        lines = map(json.loads, (Path(folder) / "metrics.jsonl").read_text().splitlines())
        rates = [line["images_per_second"] for line in lines if "images_per_second" in line]
    return statistics.median(rates[2:])


def main(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: {' '.join(NAMES)}")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args(argv)
    workers.check_stack()
    rows = []
    for name in arguments.names or NAMES:
        one, several = (images_per_second(name, count, arguments.steps) for count in (1, arguments.workers))
        rows.append({"model": name, "one worker, images/s": one, "all, images/s": several})
        rows[-1]["efficiency"] = several / (arguments.workers * one)
        print(f"{name}: {rows[-1]['efficiency']:.2f}", flush=True)
    print(f"\n{arguments.workers} workers, one core each\n\n{markdown(rows, COLUMNS)}")


if __name__ == "__main__":
    run_program(main)
