"""Measures what a run can fill holes as, and writes its results and figures."""

from inpainting.files import write_json
from inpainting.filling.fillers import load_fillers
from inpainting.measuring import drawing, figures
from inpainting.measuring.bootstrap import intervals
from inpainting.measuring.measure import measure
from inpainting.measuring.tasks import measured_data
from pipelines import datasets
from pipelines.inpainting import evaluation_batches


def evaluate(workdir, *, split="test", limit=None, mask=None, data_dir=None, beside=(), classify=False):
    """Measures the fillers of one run, and others `beside` them.

    mask: the holes, by default those of its training. classify: by measuring.c2st too.
    Returns a row for each, name -> dict, see measuring.measure and measuring.bootstrap, and the hole_mse of
    each image, name -> [N]. Writes results.json and figures/ into the work directory.
    """
    data = measured_data(workdir.read_config(), mask)
    fillers, progress = load_fillers(workdir)
    source = {"image_size": data.image_size, "data_dir": data_dir or data.data_dir, "limit": limit}
    images = datasets.load(data.dataset, split, **source)
    batches = evaluation_batches(images, **data.masking)
    rows, errors = {}, {}
    for filler in [*fillers, *beside]:
        print(f"{filler.name} on {images.count:,} images", flush=True)
        rows[filler.name], errors[filler.name] = measure(filler, batches, classify=classify)
    for name, interval in intervals(errors).items():
        rows[name] |= interval
    drawing.draw_run(fillers, next(iter(batches)), workdir.figures)
    figures.error_histogram(errors, workdir.figures / "errors.png")
    about = {"dataset": data.dataset, "split": split, "images": images.count, "step": progress["best_step"]}
    about |= {"mask": data.mask, "hole": data.hole}
    write_json(workdir.results, {**about, "results": rows})
    return rows, errors
