"""One session of Ray in a process of its own: every pipeline of the tests, whose rows go to a file.

python session.py FOLDER    holds photos/, hugging_face.parquet, images.tar, model.safetensors; gets rows.pickle
"""

import os
import pickle
import signal
import sys
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import numpy as np
import ray
import ray.data

import swiftalexnet as sa

ONE, TWO = {"actors": 1}, {"actors": 2, "batch_size": 5}


class KilledOnce(sa.ray.Classify):
    """An actor that is killed in the middle of its work, the first time, and says how many threads it computes on."""

    def __init__(self, model: str, mark: str):
        super().__init__(model)
        self._mark = mark

    def __call__(self, batch):
        answers = super().__call__(batch)
        if any(path.endswith("low/3.png") for path in batch["path"]):
            try:
                os.close(os.open(self._mark, os.O_CREAT | os.O_EXCL))
                os.kill(os.getpid(), signal.SIGKILL)
            except FileExistsError:
                pass
        return answers | {"threads": np.full(len(batch["path"]), sa.get_num_threads())}


def refusal(call) -> tuple[str, str]:
    """Return the type and the text of an error."""
    try:
        call()
    except Exception as error:
        return type(error).__name__, str(error)
    return "none", ""


def main(folder: Path) -> None:
    """Run every pipeline and keep its rows."""
    model = str(folder / "model.safetensors")
    photos = ray.data.read_binary_files(str(folder / "photos"), include_paths=True)
    sa.ray.classify(photos, model, **TWO, top=3).write_parquet(str(folder / "answers"))
    sa.ray.features(photos, sa.load(model), ["conv1", "fc6"], **TWO).write_parquet(str(folder / "features"))
    hugging_face = ray.data.read_parquet(str(folder / "hugging_face.parquet"))
    tar = ray.data.read_webdataset(str(folder / "images.tar"), decoder=None)
    decoded = ray.data.read_images(str(folder / "photos" / "top"), include_paths=True)
    killed = photos.map_batches(
        KilledOnce,
        fn_constructor_args=(model, str(folder / "killed")),
        compute=ray.data.ActorPoolStrategy(size=2),
        num_cpus=1,
        batch_size=4,
    )
    found = {
        "hugging face": sa.ray.classify(hugging_face, model, **ONE, prefix="predicted_").take_all(),
        "tar": sa.ray.classify(tar, model, **ONE).take_all(),
        "decoded": sa.ray.classify(decoded, model, **ONE).take_all(),
        "killed": killed.take_all(),
        "no model": refusal(lambda: sa.ray.classify(photos, str(folder / "no model"), **TWO)),
        "too many": refusal(lambda: sa.ray.classify(photos, model, actors=2, threads=2)),
        "label": refusal(lambda: sa.ray.classify(hugging_face, model, **TWO)),
        "no images": refusal(lambda: sa.ray.classify(ray.data.range(3), model, **TWO)),
        "no network": refusal(lambda: sa.ray.features(photos, model, ["fc9"], **TWO)),
    }
    (folder / "rows.pickle").write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    ray.init("local", num_cpus=4, include_dashboard=False, object_store_memory=1 << 28, log_to_driver=False)
    try:
        main(Path(sys.argv[1]))
    finally:
        ray.shutdown()
