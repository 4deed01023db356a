"""The exported model under load: python benchmarks/served.py [--requests 10000] [--threads 8] [RUN]

Exports a run's weights, or published ones (pretrained/unet_l2), and calls the SavedModel from several threads
at once, each request of 1 to 4 pictures. Prints how many answers were not what the model had answered alone,
and the memory that the process held after a tenth of the requests and at the end. Exit status 1 where one was
wrong.
"""

import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from inpainting.command_line import Parser, import_tensorflow, run_program
from inpainting.workdir import Workdir

ROOT = Path(__file__).parent.parent
KINDS = 40  # of requests


def memory():
    """Megabytes that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("run", nargs="?", default=str(ROOT / "pretrained" / "unet_l2"))
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=8)
    arguments = parser.parse_args(argv)
    import_tensorflow()
    import tensorflow as tf

    from inpainting.filling.export import export
    from inpainting.filling.fillers import load_fillers
    from inpainting.masks import draw_masks

    workdir = Workdir(arguments.run)
    data = workdir.read_config().data
    fillers, _ = load_fillers(workdir)
    with tempfile.TemporaryDirectory() as folder:
        served = tf.saved_model.load(str(export(fillers, Path(folder)))).signatures["serving_default"]
    random, requests = np.random.default_rng(0), []
    for kind in range(KINDS):
        count, size = 1 + kind % 4, data.image_size
        image = tf.constant(random.integers(0, 256, (count, size, size, 3), np.uint8))
        mask = draw_masks(data.mask, count, image_size=size, hole=data.hole, seed=[0, kind])
        requests.append({"image": image, "mask": tf.cast(mask, tf.uint8)})
    expected = [served(**request)["inpainted"].numpy() for request in requests]
    wrong, lock, held = 0, threading.Lock(), {}

    def ask(number):
        nonlocal wrong
        kind = number % KINDS
        answer = served(**requests[kind])["inpainted"].numpy()
        with lock:
            wrong += not np.array_equal(answer, expected[kind])
        if number == arguments.requests // 10:
            held["after a tenth"] = memory()

    began = time.perf_counter()
    with ThreadPoolExecutor(arguments.threads) as threads:
        list(threads.map(ask, range(arguments.requests)))
    seconds = time.perf_counter() - began
    held["at the end"] = memory()
    asked = f"{arguments.requests:,} requests of {arguments.threads} threads in {seconds:.0f} seconds"
    print(f"{asked}: {wrong} wrong")
    print(f"memory: {', '.join(f'{size:.0f} MB {when}' for when, size in held.items())}")
    return int(wrong > 0)


if __name__ == "__main__":
    run_program(main)
