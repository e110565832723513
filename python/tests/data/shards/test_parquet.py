"""Parquet as Hugging Face keeps imagenet-1k."""

import json
import os
from contextlib import suppress

import pytest
from support import CLASSES, needs

import swiftalexnet as sa

pa = needs("pyarrow")
pq = needs("pyarrow.parquet")


def table(folder, indices, classes=CLASSES, **changes):
    """Return rows as the `datasets` library writes them."""
    columns = {
        "image": [{"bytes": folder.paths[i].read_bytes(), "path": f"n_{i}.JPEG"} for i in indices],
        "label": [int(folder.labels[i]) for i in indices],
    } | changes
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    features = {"image": {"_type": "Image"}, "label": {"names": list(classes or ()), "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})} if classes else None
    schema = pa.schema([("image", kind), ("label", pa.int64())], metadata=metadata)
    return pa.table(columns, schema=schema)


@pytest.fixture
def files(folder, tmp_path):
    """Two files of three groups of rows each."""
    (tmp_path / "data").mkdir()
    for number in range(2):
        path = tmp_path / "data" / f"train-{number:05d}-of-00002.parquet"
        pq.write_table(table(folder, range(12 * number, 12 * number + 12)), path, row_group_size=5)
    return tmp_path / "data"


def write(source, out, **options):
    return sa.write_shards(source, out, **{"images_per_shard": 7, "progress": False} | options)


def test_rows_become_images(folder, files, tmp_path):
    for at, source in enumerate((files, f"{files}/train-{{00000..00001}}-of-00002.parquet", sorted(files.iterdir()))):
        data = sa.ShardedDataset(write(source, tmp_path / str(at)).pattern)
        assert data.classes == CLASSES and data.labels.tolist() == folder.labels.tolist()
        assert [data.encoded(index) for index in range(24)] == [path.read_bytes() for path in folder.paths]
    shuffled = sa.ShardedDataset(write(files, tmp_path / "shuffled", order="shuffled").pattern)
    assert sorted(shuffled.labels) == sorted(folder.labels) and shuffled.labels.tolist() != folder.labels.tolist()


def test_one_file_without_names(folder, tmp_path):
    pq.write_table(table(folder, range(4), None), tmp_path / "a.parquet")
    data = sa.ShardedDataset(write(tmp_path / "a.parquet", tmp_path / "out").pattern)
    assert data.classes is None and len(data) == 4


def test_resumed(files, tmp_path):
    first = {path.name: path.read_bytes() for path in write(files, tmp_path / "out").shards}
    os.unlink(tmp_path / "out" / "train-000002.tar")
    write(files, tmp_path / "out")
    assert {name: (tmp_path / "out" / name).read_bytes() for name in first} == first


def test_a_row_without_bytes(folder, tmp_path):
    rows = [{"bytes": None, "path": "a.jpg"}, {"bytes": folder.paths[0].read_bytes(), "path": None}]
    pq.write_table(table(folder, range(2), image=rows), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a.parquet: the image of row 0 has no bytes"):
        write(tmp_path / "a.parquet", tmp_path / "out")
    written = write(tmp_path / "a.parquet", tmp_path / "skipped", on_error="skip")
    assert written.images == 1 and list(written.left_out) == ["a.parquet/0/a.jpg"]


def test_what_is_something_else(folder, files, tmp_path):
    pq.write_table(table(folder, range(2)), files / "validation-00000-of-00001.parquet")
    with pytest.raises(ValueError, match="holds parquet files of train, validation"):
        write(files, tmp_path / "out")
    path = tmp_path / "a.parquet"
    pq.write_table(table(folder, range(2), label=[-1, -1]), path)
    with pytest.raises(ValueError, match="label"):
        write(path, tmp_path / "out")
    for columns in ({"picture": [1], "label": [1]}, {"image": [b"x"], "label": [1]}, {"image": [1], "label": ["x"]}):
        pq.write_table(pa.table(columns), path)
        with pytest.raises((ValueError, TypeError), match=r"a.parquet"):
            write(path, tmp_path / "out")
    pq.write_table(table(folder, []), path)
    with pytest.raises(ValueError, match="no rows"):
        write(path, tmp_path / "out")
    sound = next(files.glob("train-00000*")).read_bytes()
    for size in (0, 4, 100, len(sound) - 1):
        path.write_bytes(sound[:size])
        with pytest.raises(ValueError, match=r"a.parquet: expected parquet"):
            write(path, tmp_path / "out")
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "absent.parquet", tmp_path / "out")


def test_damage(files, tmp_path):
    """Whatever a damaged file holds, it is an error, or other rows."""
    sound = next(files.glob("train-00000*")).read_bytes()
    for at in range(0, len(sound), len(sound) // 60):
        damaged = bytearray(sound)
        damaged[at] ^= 0x55
        (tmp_path / "a.parquet").write_bytes(damaged)
        with suppress(ValueError, TypeError, OSError):
            write(tmp_path / "a.parquet", tmp_path / "out", overwrite=True)
