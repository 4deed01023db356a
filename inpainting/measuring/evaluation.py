"""Measures what a run can fill holes as, and writes its results and figures."""

import logging

from inpainting.errors import DiskError
from inpainting.files import disk, write_json
from inpainting.measuring import drawing, figures
from inpainting.measuring.bootstrap import intervals
from inpainting.measuring.measure import measure
from inpainting.measuring.tasks import measured_data, measurement
from pipelines import datasets, file_list
from pipelines.inpainting import evaluation_batches
from pipelines.streams import reading

log = logging.getLogger(__name__)


def evaluate(
    workdir,
    fillers,
    progress,
    *,
    split="test",
    limit=None,
    mask=None,
    data_dir=None,
    dataset=None,
    beside=(),
    classify=False,
):
    """Measures the fillers of one run, and others `beside` them.

    fillers, progress: of load_fillers. mask: the holes, by default those of its training. dataset: where a
    folder's pictures are now. classify: by measuring.c2st too. Returns a row for each, name -> dict, see
    measuring.measure and measuring.bootstrap, and the hole_mse of each picture, name -> [N]. Keeps them in
    the work directory, results-NAME.json and figures/NAME/ with the NAME of tasks.measurement, or says that it
    cannot.
    """
    data = measured_data(workdir.read_config(), mask, dataset)
    source = data.source | {"data_dir": data_dir or data.data_dir, "limit": limit}
    elsewhere = dataset is not None or workdir.published
    source["folder"] = file_list.measured(data.dataset, workdir.files, split, elsewhere=elsewhere)
    images = datasets.load(data.dataset, split, **source)
    batches = evaluation_batches(images, **data.masking)
    rows, errors = {}, {}
    with reading(images):
        for filler in [*fillers, *beside]:
            print(f"{filler.name} on {images.count:,} images", flush=True)
            rows[filler.name], each = measure(filler, batches, classify=classify)
            # The crops of a picture are no independent images.
            errors[filler.name] = each.reshape(images.count, -1).mean(1) if images.crops else each
        first_batch = next(iter(batches))
    for name, interval in intervals(errors).items():
        rows[name] |= interval
    about = {"dataset": data.dataset, "split": split, "images": images.count, "step": progress["best_step"]}
    about |= {"mask": data.mask, "hole": data.hole}
    name = measurement(data, split, limit)
    results, folder = workdir.measured / f"results-{name}.json", workdir.figures / name
    try:
        with disk(workdir.measured):
            workdir.measured.mkdir(parents=True, exist_ok=True)
        write_json(results, {**about, "results": rows})
        drawing.draw_run(fillers, first_batch, folder)
        figures.error_histogram(errors, folder / "errors.png")
        print(f"kept in {results} and {folder}")
    except DiskError as error:
        log.warning("not kept: %s", error)
    return rows, errors
