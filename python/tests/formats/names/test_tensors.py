"""Files of tensors with this package's names, which many PyTorch programs have, too: `conv1.weight` to `fc8.bias`."""

import pytest
from safetensors.numpy import save_file

import swiftalexnet as sa


def saved(variant, tmp_path, **options):
    model = sa.alexnet(variant, num_classes=3, initialization="zeros", **options)
    save_file(model.state_dict(), tmp_path / "m")
    return tmp_path / "m"


@pytest.mark.parametrize("variant", ["paper", "caffe", "caffenet"])
def test_networks_of_the_same_shapes_are_told_apart_by_the_caller(variant, tmp_path):
    path = saved(variant, tmp_path)
    with pytest.raises(ValueError, match=r"no graph, and the layers of paper, .*caffe, caffenet all fit: .*variant="):
        sa.load(path)
    inspection = sa.inspect(path)
    assert not inspection.loads and "caffenet all fit" in inspection.network
    model = sa.load(path, variant=variant)
    assert model.variant == variant and f"are those of {variant}" in str(model.source.notes)


def test_a_variant_with_the_same_widths_comes_first(tmp_path):
    assert sa.load(saved("owt", tmp_path)).variant == "owt"
    assert sa.load(saved("one_gpu", tmp_path)).variant == "one_gpu"
    assert sa.load(saved("one_gpu", tmp_path, in_channels=1)).variant == "one_gpu"


def test_only_the_usual_network_of_vgg_fits(tmp_path):
    save_file(sa.vgg("A", num_classes=3, initialization="zeros").state_dict(), tmp_path / "m")
    assert sa.load(tmp_path / "m").variant == "vgg-A"
