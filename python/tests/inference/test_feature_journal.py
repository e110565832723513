"""Damaged journals, descriptions and arrays, and files of others in their places."""

import json
import os

import numpy as np
import pytest
from feature_runs import Stop, stopped_after
from support import needs

import swiftalexnet as sa


@pytest.fixture
def unfinished(model, images, tmp_path, often):
    """Return the folder of a run that was stopped after 24 of 40 images."""
    with pytest.raises(Stop):
        model.features(stopped_after(images, 24), ["fc6"], out=tmp_path / "f", batch_size=4)
    return tmp_path / "f" / ".partial"


class TestHostileFiles:
    @pytest.mark.parametrize(
        "line",
        [b"[1]", b"[[1]]", b"[[1, 2, 3]]", b'[["a", "b"]]', b"{}", b'{"abc": 1}', b"5", b"null", b'["abc"]',
         b"[" * 100_000, b"9" * 5000, b'[["a", "b", null, 4]]'],
    )  # fmt: skip
    def test_a_line_of_the_journal_that_is_none(self, line, unfinished, model, images):
        journal = unfinished / "journal.jsonl"
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(lines[0] + line + b"\n" + b"".join(lines[1:]))
        found = model.features(iter(images), ["fc6"], out=unfinished.parent, batch_size=4)
        assert np.array_equal(found["fc6"], model.features(images, ["fc6"], batch_size=4)["fc6"])

    def test_pipes_do_not_block(self, unfinished, model, images):
        for name in ("journal.jsonl", "run.json"):
            kept = (unfinished / name).read_bytes()
            (unfinished / name).unlink()
            os.mkfifo(unfinished / name)
            with pytest.raises(OSError, match="Not a regular file"):
                model.features(iter(images), ["fc6"], out=unfinished.parent, batch_size=4)
            (unfinished / name).unlink()
            (unfinished / name).write_bytes(kept)
        found = model.features(iter(images), ["fc6"], out=unfinished.parent, batch_size=4)
        assert len(found.names) == 40
        (unfinished.parent / "fc6.npy").unlink()
        os.mkfifo(unfinished.parent / "fc6.npy")
        with pytest.raises(OSError, match="Not a regular file"):
            found["fc6"]

    def test_a_description_of_a_run_that_is_nested_without_end(self, unfinished, model, images):
        (unfinished / "run.json").write_text('{"a":' * 100_000)
        assert len(model.features(images, ["fc6"], out=unfinished.parent).names) == 40

    @pytest.mark.parametrize("resume", [True, False])
    def test_files_of_others_stay(self, resume, model, images, tmp_path):
        """A folder of the same name as that of an unfinished run, or a link to one, loses nothing."""
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "thesis.tex").write_text("years")
        (tmp_path / "f").mkdir()
        (tmp_path / "f" / ".partial").symlink_to(tmp_path / "own")
        (tmp_path / ".f.npy.partial").mkdir()
        (tmp_path / ".f.npy.partial" / "thesis.tex").write_text("years")
        for out in ("f", "f.npy"):
            with pytest.raises(FileExistsError, match="not the folder of an unfinished extraction"):
                model.features(images, ["fc6"], out=tmp_path / out, resume=resume)
        assert (tmp_path / "own" / "thesis.tex").exists() and (tmp_path / ".f.npy.partial" / "thesis.tex").exists()

    @pytest.mark.parametrize("numbers", [[77], [-1], ["0"], [0, 0], [0.5], [True], [None]])
    def test_numbers_of_skipped_images(self, numbers, model, images, tmp_path):
        model.features(images, ["fc6"], out=tmp_path / "f.npy")
        path = tmp_path / "f.npy.json"
        fields = json.loads(path.read_text())
        skipped = [{"number": number, "name": "a", "stamp": "b", "error": "c"} for number in numbers]
        path.write_text(json.dumps(fields | {"images": fields["images"] | {"skipped": skipped}}))
        with pytest.raises(ValueError, match=r"f.npy.json is damaged"):
            sa.open_features(tmp_path / "f.npy")

    @pytest.mark.parametrize("offset", [0, 1, -1, True, 2**70, 1.5, "a", []])
    def test_offsets_of_data_sets(self, offset, model, images, tmp_path):
        needs("h5py")
        found = model.features(images, ["fc6"], out=tmp_path / "f.h5")
        found.provenance["offsets"]["fc6"] = offset
        with pytest.raises(ValueError, match=r"f.h5 is damaged"):
            found["fc6"]

    def test_another_file_in_place_of_hdf5(self, model, images, tmp_path):
        needs("h5py")
        found = model.features(images, ["fc6"], out=tmp_path / "f.h5")
        (tmp_path / "f.h5").write_bytes(bytes((tmp_path / "f.h5").stat().st_size))
        with pytest.raises(ValueError, match=r"f.h5 is damaged: it is not the HDF5 file"):
            found["fc6"]

    def test_a_folder_with_an_arrays_name_is_refused_before_any_work(self, model, images, tmp_path):
        (tmp_path / "f" / "fc6.npy").mkdir(parents=True)

        def first():
            pytest.fail("an image was read")
            yield

        with pytest.raises(IsADirectoryError, match=r"fc6.npy"):
            model.features(first(), ["fc6"], out=tmp_path / "f", resume=False)
        assert [path.name for path in (tmp_path / "f").iterdir()] == ["fc6.npy"]

    @pytest.mark.parametrize("data", [b"PK\x03\x04" + bytes(60), b"\x80\x04N.", None])
    def test_an_array_of_another_kind(self, data, model, images, tmp_path):
        """numpy's own reader raises errors of the tokenizer and of zip files for some of these."""
        found = model.features(images, ["fc6"], out=tmp_path / "f.npy")
        whole = (tmp_path / "f.npy").read_bytes()
        (tmp_path / "f.npy").write_bytes(whole.replace(b"(40, 24)", b"((0, 24)") if data is None else data)
        with pytest.raises(ValueError, match=r"f.npy is damaged"):
            found["fc6"]
