"""Ray's data sets: every row comes back with the bits of `predict` and `features`. Ray runs in a process of its own."""

import io
import os
import pickle
import re
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from command_line import environment
from support import CLASSES, needs, photo_folder, tiny_model

import swiftalexnet as sa

SESSION = Path(__file__).with_name("session.py")
MARK = "SWIFTALEXNET_RAY_TEST"  # in the environment of everything that the session starts


def left_over(mark: str) -> list[str]:
    """Return the commands of processes with a variable in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended, or is not ours
            continue
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model, images in several forms, and the rows of the session that has read them."""
    needs("ray")
    pyarrow = needs("pyarrow")
    parquet = needs("pyarrow.parquet")
    root = tmp_path_factory.mktemp("ray")
    model = tiny_model()
    model.classes = CLASSES
    model.save(root / "model.safetensors")
    photo_folder(root / "photos")
    (root / "photos" / "dark" / "2.png").write_bytes(b"broken")
    files = sorted((root / "photos").rglob("*.png"))
    images = [{"bytes": file.read_bytes(), "path": f"{number}.png"} for number, file in enumerate(files)]
    parquet.write_table(pyarrow.table({"image": images, "label": range(24)}), root / "hugging_face.parquet")
    with tarfile.open(root / "images.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        for number, file in enumerate(files):
            for ending, content in (("png", file.read_bytes()), ("cls", str(number % 4).encode())):
                member = tarfile.TarInfo(f"{number:04}.{ending}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    mark = f"{MARK}={os.getpid()}-{time.time_ns()}"
    done = subprocess.run(
        [sys.executable, str(SESSION), str(root)],
        env=environment(**dict([mark.split("=")])), cwd=root, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    deadline = time.monotonic() + 20
    while left_over(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left_over(mark), "processes are left"
    return root


@pytest.fixture(scope="module")
def rows(folder):
    return pickle.loads((folder / "rows.pickle").read_bytes())


@pytest.fixture(scope="module")
def files(folder):
    return sorted(map(str, (folder / "photos").rglob("*.png")))


@pytest.fixture(scope="module")
def good(files):
    """The files that can be read."""
    return [file for file in files if not file.endswith("dark/2.png")]


@pytest.fixture(scope="module")
def expected(folder, good):
    """The prediction of every file that can be read."""
    return dict(zip(good, sa.load(folder / "model.safetensors").predict(good), strict=True))


def check(row, prediction, prefix="", top=5):
    assert row[f"{prefix}label"] == prediction.labels[0] and row[f"{prefix}class"] == prediction.classes[0]
    assert row[f"{prefix}probability"] == prediction.probabilities[0]
    assert tuple(row[f"{prefix}top{top}_labels"]) == prediction.labels[:top]
    assert tuple(row[f"{prefix}top{top}_probabilities"]) == prediction.probabilities[:top]
    assert not row[f"{prefix}error"]


def test_parquet_files_hold_the_bits_of_predict(folder, files, expected):
    parquet = needs("pyarrow.parquet")
    table = parquet.read_table(folder / "answers").to_pylist()
    assert sorted(row["path"] for row in table) == files
    for row in table:
        assert list(row) == ["path", "label", "class", "probability", "top3_labels", "top3_probabilities", "error"]
        if row["path"] in expected:
            check(row, expected[row["path"]], top=3)
        else:
            assert [row[name] for name in list(row)[1:-1]] == [None] * 5 and row["path"] in row["error"]


def test_all_files_have_the_same_columns_whatever_they_hold(folder):
    parquet = needs("pyarrow.parquet")
    for name in ("answers", "features"):
        parts = sorted((folder / name).glob("*.parquet"))
        assert parts and all(parquet.read_schema(part).equals(parquet.read_schema(parts[0])) for part in parts)


def test_features_are_the_bits_of_features(folder, files, good):
    parquet = needs("pyarrow.parquet")
    table = parquet.read_table(folder / "features")
    paths = table.column("path").to_pylist()
    assert sorted(paths) == files
    ours = sa.load(folder / "model.safetensors").features(good, ["conv1", "fc6"])
    for layer in ("conv1", "fc6"):
        values = table.column(layer).combine_chunks().to_numpy_ndarray()
        found = dict(zip(paths, values, strict=True))
        assert np.array_equal(np.stack([found[file] for file in good]), ours[layer])
        assert all(np.isnan(found[file]).all() for file in files if file not in good)


def test_hugging_face_keeps_labels_and_paths(rows, files, expected):
    assert sorted(row["label"] for row in rows["hugging face"]) == list(range(24))
    for row in rows["hugging face"]:
        assert row["path"] == f"{row['label']}.png" and "image" not in row
        if (file := files[row["label"]]) in expected:
            check(row, expected[file], "predicted_")
        else:
            assert row["predicted_label"] is None and row["path"] in row["predicted_error"]


def test_tars_keep_keys_and_classes(rows, files, expected):
    assert sorted(row["__key__"] for row in rows["tar"]) == [f"{number:04}" for number in range(24)]
    for row in rows["tar"]:
        assert row["cls"] == str(int(row["__key__"]) % 4).encode() and "png" not in row
        if (file := files[int(row["__key__"])]) in expected:
            check(row, expected[file])
        else:
            assert row["label"] is None and row["__key__"] in row["error"]


def test_decoded_images(rows, expected):
    assert len(rows["decoded"]) == 6 and all("image" not in row for row in rows["decoded"])
    for row in rows["decoded"]:
        check(row, expected[row["path"]])


def test_a_killed_actor_is_started_again_and_no_row_is_lost_or_twice_there(folder, rows, files, expected):
    """Its batches are numpy's."""
    assert (folder / "killed").exists()
    assert sorted(row["path"] for row in rows["killed"]) == files
    for row in rows["killed"]:
        if row["path"] in expected:
            check(row, expected[row["path"]])
        else:
            assert row["label"] == -1 and np.isnan(row["probability"]) and row["error"]


def test_an_actor_computes_on_what_ray_grants_it(rows):
    assert {row["threads"] for row in rows["killed"]} == {1}


@pytest.mark.parametrize(
    ("what", "kind", "text"),
    [
        ("no model", "FileNotFoundError", "no model"),
        ("too many", "ValueError", r"2 actors of 2 CPU .* for reading"),
        ("label", "ValueError", "prefix="),
        ("no images", "ValueError", "no column with images"),
        ("no network", "ValueError", "fc9"),
    ],
)
def test_what_cannot_work_is_refused_before_work(rows, what, kind, text):
    assert rows[what][0] == kind and re.search(text, rows[what][1])
