"""Networks by name: counts, defaults, changes, unknown names."""

from pathlib import Path

import numpy as np
import pytest

import swiftalexnet as sa

PUBLISHED = {
    "paper": (60_965_224, 724_406_816),
    "chm145": (60_965_224, 724_406_816),
    "one_gpu": (59_798_312, 391_514_384),
    "no_lrn": (60_965_224, 724_406_816),
    "non_overlapping": (60_965_224, 686_891_552),
    "towers_apart": (60_714_408, 724_323_872),
    "conv6": (99_182_152, 783_258_144),
    "caffe": (60_965_224, 724_406_816),
    "caffenet": (60_965_224, 724_406_816),
    "one_tower": (62_378_344, 1_135_256_096),
    "owt": (61_100_840, 714_188_480),
    "d2l": (46_764_746, 938_146_176),
    "vgg-A": (132_863_336, 7_609_090_048),
    "vgg-A-LRN": (132_863_336, 7_609_090_048),
    "vgg-B": (133_047_848, 11_308_466_176),
    "vgg-C": (133_638_952, 11_770_888_192),
    "vgg-D": (138_357_544, 15_470_264_320),
    "vgg-E": (143_667_240, 19_632_062_464),
    "cifar-80sec": (145_578, 12_354_176),
    "cifar-18pct": (89_578, 12_298_240),
    "cifar-19pct": (89_578, 12_298_240),
    "cifar-conv-local-13pct": (1_116_490, 18_517_248),
    "cifar-conv-local-11pct": (2_112_970, 19_512_576),
}

TINY_VGG = {"num_classes": 4, "image_size": 32, "initialization": "zeros"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_counts_are_the_published_ones(name):
    summary = sa.build(name, initialization="zeros").summary()
    assert (summary.parameters, summary.macs) == PUBLISHED[name]


def test_the_catalogue_lists_every_variant():
    assert list(sa.variants()) == list(PUBLISHED) and all(sa.variants().values())
    names = [*sa.alexnet_variants(), *(f"vgg-{n}" for n in sa.vgg_variants())]
    assert [*names, *(f"cifar-{n}" for n in sa.cifar_variants())] == list(PUBLISHED)


def test_the_documentation_has_the_same_counts():
    table = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
    for name, (parameters, macs) in PUBLISHED.items():
        variant = name.removeprefix("vgg-").removeprefix("cifar-")
        rows = [line for line in table.splitlines() if line.startswith(f"| `{variant}` | {sa.variants()[name]} |")]
        assert len(rows) == 1 and rows[0].endswith(f"| {parameters:,} | {macs:,} |"), name


def test_authors_of_other_models_drew_other_weights():
    small = {"num_classes": 2, "image_size": 67}
    caffe = sa.alexnet("caffe", **small, without="fc7").parameters()
    assert caffe["fc6.weight"].std() == pytest.approx(0.005, rel=0.1) and set(caffe["fc6.bias"]) == {np.float32(0.1)}
    run = sa.alexnet("towers_apart", **small, without="fc7").parameters()
    assert run["conv3.weight"].std() == pytest.approx(0.03, rel=0.1) and set(run["fc6.bias"]) == {1}


def nodes(model: sa.Model) -> list[str]:
    return [row.name for row in model.summary().rows[1:]]


VGG11 = (("conv1_1",), ("conv2_1",), ("conv3_1", "conv3_2"), ("conv4_1", "conv4_2"), ("conv5_1", "conv5_2"))


def vgg11(x: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Return the logits of one image by torchvision's vgg11 in evaluation: its dropout copies. float64."""
    for block in VGG11:
        for layer in block:
            kernel, (_, height, width) = weights[f"{layer}.weight"].astype(np.float64), x.shape
            padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
            taps = [(u, v, padded[:, u : u + height, v : v + width]) for u in range(3) for v in range(3)]
            sums = sum(kernel[:, :, u, v] @ tap.reshape(len(tap), -1) for u, v, tap in taps)
            x = np.maximum(sums + weights[f"{layer}.bias"][:, None], 0).reshape(-1, height, width)
        x = x.reshape(len(x), height // 2, 2, width // 2, 2).max((2, 4))
    y = x.ravel()
    for layer in ("fc6", "fc7", "fc8"):
        y = weights[f"{layer}.weight"].astype(np.float64) @ y + weights[f"{layer}.bias"]
        y = y if layer == "fc8" else np.maximum(y, 0)
    return y


def test_vgg_a_gives_the_logits_of_torchvisions_vgg11():
    model = sa.vgg("A", num_classes=7, image_size=64, seed=4)
    generator = np.random.default_rng(0)
    for name, array in model.parameters().items():
        if name.endswith("bias"):
            array[:] = generator.uniform(-0.1, 0.1, array.shape)
    x = generator.standard_normal((2, 3, 64, 64)).astype(np.float32)
    weights = model.state_dict()
    expected = np.stack([vgg11(image.astype(np.float64), weights) for image in x])
    for keep in (False, True):
        assert np.abs(model.forward(x, keep=keep) - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_summary_says_which_form_of_dropout_a_network_has(name):
    side = 32 if name.startswith("vgg-") else None if name.startswith("cifar-") else 67
    model = sa.build(name, 2, image_size=side, initialization="zeros")
    details = {row.detail for row in model.summary().rows if row.kind == "dropout"}
    if name.startswith("vgg-") or name in ("caffe", "caffenet", "owt", "d2l"):
        assert details == {"p 0.5, inverted (scaled in training)"}
    else:
        assert details == (set() if name.startswith("cifar-") else {"p 0.5, paper's form (scaled at test)"})


def test_files_of_before_keep_the_papers_form_and_its_logits(tmp_path):
    new = sa.vgg("A", num_classes=3, image_size=32, seed=5, without="conv5_2")
    old = sa.Model.from_spec(new.spec.replace("form=inverted", "form=paper2012"), "zeros", variant="vgg-A")
    old.load_state_dict(new.state_dict())
    old.save(tmp_path / "old")
    loaded = sa.load(tmp_path / "old")
    assert loaded.spec == old.spec and loaded.summary().rows[-3].detail == "p 0.5, paper's form (scaled at test)"
    # What the documentation says: the same weights with those of fc7 and fc8 halved.
    for layer in ("fc7", "fc8"):
        new.parameters()[f"{layer}.weight"][...] /= 2
    x = np.random.default_rng(0).standard_normal((2, 3, 32, 32), np.float32)
    logits = loaded.forward(x)
    assert (
        np.array_equal(logits, old.forward(x)) and np.abs(logits - new.forward(x)).max() < 1e-6 * np.abs(logits).max()
    )


def test_pools_round_as_asked():
    small = {"num_classes": 2, "initialization": "zeros"}
    for ceil_mode, side, detail in ((True, 3, "rounded up"), (np.True_, 3, "rounded up"), (False, 2, "stride 2")):
        rows = {row.name: row for row in sa.vgg("A", image_size=80, ceil_mode=ceil_mode, **small).summary().rows}
        assert rows["pool5"].output == (512, side, side) and rows["pool5"].detail.endswith(detail)
    assert sa.vgg("A", image_size=80, **small).spec == sa.vgg("A", image_size=80, ceil_mode=False, **small).spec
    assert sa.build("caffe", **small).spec == sa.alexnet("caffe", ceil_mode=True, **small).spec
    assert "ceil=1" not in sa.cifar_net("80sec", ceil_mode=False).spec
    assert "tanh" in sa.cifar_net("80sec", ceil_mode=False, activation="tanh").spec


def test_rounded_up_dense_evaluation_sees_the_last_pixels():
    """112 pixels: rounded up the map has one row more than rounded down, whose windows reach past the edge."""
    models = [
        sa.vgg("A", num_classes=2, image_size=32, seed=1, ceil_mode=ceil_mode, without=("fc6", "fc7"))
        for ceil_mode in (False, True)
    ]
    image = np.random.default_rng(0).integers(0, 256, (112, 144, 3), dtype=np.uint8)
    down, up = (model.score_map(image, 112) for model in models)
    assert down.shape == (3, 4, 2) and up.shape == (4, 5, 2)
    assert np.abs(up[:3, :4] - down).max() < 1e-4 * np.abs(down).max() and np.abs(up[3]).max() > 0


@pytest.mark.parametrize("name", sa.cifar_variants())
def test_every_cifar_net_learns(name):
    model = sa.cifar_net(name, initialization="glorot")
    labels = np.arange(16) % 4
    colours = np.array([[1, 1, -1], [-1, 1, 1], [1, -1, 1], [-1, -1, -1]], np.float32)
    noise = np.random.default_rng(0).standard_normal((16, *model.input_shape), np.float32)
    x = 0.3 * noise + colours[labels][:, :, None, None]
    losses = [model.train_step(x, labels, learning_rate=0.01) for _ in range(50)]
    assert losses[0] == pytest.approx(np.log(10), rel=0.2) and losses[-1] < 0.2


@pytest.mark.parametrize("variant", [name for name in sa.alexnet_variants() if name != "conv6"])
def test_every_alexnet_takes_a_step(variant):
    small = {"num_classes": 3, "image_size": 67, "initialization": "torchvision", "without": "fc7"}
    model = sa.alexnet(variant, **small)
    x = np.random.default_rng(0).standard_normal((2, *model.input_shape)).astype(np.float32)
    before = model.state_dict()
    assert np.isfinite(model.train_step(x, [0, 2], learning_rate=0.01))
    assert all((model.state_dict()[name] != array).any() for name, array in before.items() if "weight" in name)


def test_defaults_are_the_variants_own():
    model = sa.cifar_net()
    assert model.variant == "cifar-18pct" and model.num_classes == 10 and model.input_shape == (3, 32, 32)
    assert sa.build("d2l", image_size=99, initialization="zeros").input_shape == (1, 99, 99)
    assert sa.build("cifar-80sec", 7, in_channels=1).input_shape[0] == 1
    deviation = sa.build("cifar-80sec", seed=3).parameters()["conv1.weight"].std()
    assert deviation == pytest.approx(1e-4, rel=0.1)


def test_files_keep_the_variant(tmp_path):
    model = sa.cifar_net("conv-local-13pct", 5, activation="tanh", without="local4")
    model.save(tmp_path / "m")
    again = sa.load(tmp_path / "m")
    assert again.variant == "cifar-conv-local-13pct" and again.spec == model.spec
    assert repr(again.preprocessing) == repr(model.preprocessing)


def test_another_activation():
    model = sa.cifar_net("80sec", activation="tanh")
    assert "tanh1" in nodes(model) and not any("relu" in name for name in nodes(model))
    x = np.random.default_rng(0).standard_normal((2, 3, 32, 32), np.float32)
    assert np.abs(model.forward(x)).max() < 64 * 1  # 64 values within ±1 come out of tanh64
    assert "sigmoid64" in nodes(sa.cifar_net("80sec", activation="sigmoid"))


@pytest.mark.parametrize(
    ("without", "gone"),
    [
        ("conv4", {"conv4", "relu4"}),
        (["conv4", "drop6"], {"conv4", "relu4", "drop6"}),
        (("norm1", "norm2"), {"norm1", "norm2"}),
        (iter(["fc7"]), {"fc7", "relu7"}),
        ((), set()),
    ],
)
def test_without(without, gone):
    settings = {"num_classes": 2, "image_size": 67, "initialization": "zeros"}
    whole, part = sa.alexnet(**settings), sa.alexnet(**settings, without=without)
    assert nodes(part) == [name for name in nodes(whole) if name not in gone]


def test_vgg_starts_from_a_trained_a():
    small = {"num_classes": 3, "image_size": 32}
    a = sa.vgg("A", **small, seed=1, initialization="vgg_0.01")
    d = sa.vgg("D", **small, seed=2, from_model=a)
    alone, theirs, copied = (model.parameters() for model in (sa.vgg("D", **small, seed=2), a, d))
    same = {name for name in copied if name in theirs and np.array_equal(copied[name], theirs[name])}
    layers = {"conv1_1", "conv2_1", "conv3_1", "conv3_2", "fc6", "fc7", "fc8"}
    assert {name for name in same if name.endswith("weight")} == {f"{layer}.weight" for layer in layers}
    rest = [name for name in copied if name.partition(".")[0] not in layers]
    assert all(np.array_equal(copied[name], alone[name]) for name in rest)


def test_vgg_starts_from_glorots_weights_and_has_the_printed_ones_by_name():
    small = {"num_classes": 3, "image_size": 32, "seed": 3}
    default, glorot, printed = (
        sa.vgg("A", **small, initialization=name).parameters()["conv2_1.weight"] for name in (None, "glorot", "vgg")
    )
    assert np.array_equal(default, glorot)
    assert abs(default).max() <= np.sqrt(6 / (9 * 64 + 9 * 128))
    assert printed.std() == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: sa.alexnet("cafenet"), ValueError, "alexnet: unknown variant 'cafenet'.*did you mean 'caffenet'"),
        (lambda: sa.alexnet(initialization="papr"), ValueError, "did you mean 'paper'"),
        (lambda: sa.vgg("F"), ValueError, "vgg: unknown variant 'F', expected one of A, A-LRN, B, C, D, E"),
        (lambda: sa.cifar_net("18%"), ValueError, "cifar_net: unknown variant '18%'.*did you mean '18pct'"),
        (lambda: sa.build("vgg16"), ValueError, "build: unknown network 'vgg16'.*cifar-18pct.*mean 'vgg-D'"),
        (lambda: sa.build("vgg-d"), ValueError, "build: unknown network 'vgg-d'.*did you mean 'vgg-D'"),
        (lambda: sa.build("VGG-D"), ValueError, "did you mean 'vgg-D'"),
        (lambda: sa.vgg("d"), ValueError, "did you mean 'D'"),
        (lambda: sa.vgg("a-lrn"), ValueError, "did you mean 'A-LRN'"),
        (lambda: sa.vgg("vgg16"), ValueError, "did you mean 'D'"),
        (lambda: sa.build(None), ValueError, "unknown network None"),
        (lambda: sa.alexnet(None), ValueError, "unknown variant None"),
        (lambda: sa.alexnet(activation="gelu"), ValueError, "alexnet: unknown activation 'gelu'"),
        (lambda: sa.alexnet(without="conv9"), ValueError, "unknown node in without 'conv9'.*conv1, relu1"),
        (lambda: sa.alexnet(without=["conv1 conv2"]), ValueError, "unknown node in without 'conv1 conv2'"),
        (lambda: sa.alexnet(without=[3]), ValueError, "unknown node in without 3"),
        (lambda: sa.alexnet(without=3), TypeError, "without is 3, expected a sequence"),
        (lambda: sa.alexnet(without="fc8"), ValueError, "'fc8' makes the classes"),
        (lambda: sa.vgg("D", **TINY_VGG, from_model="a"), TypeError, "copy_layers: source is of type str"),
        (
            lambda: sa.vgg("D", **TINY_VGG, from_model=sa.vgg("A", **TINY_VGG | {"num_classes": 5})),
            ValueError,
            r"vgg-A.*fc8.weight has shape \(5, 4096\), expected \(4, 4096\)",
        ),
        (lambda: sa.vgg("A", image_size=31), ValueError, "vgg-A, node pool5.*; the smallest image is 32×32"),
        (
            lambda: sa.vgg("A", ceil_mode="yes"),
            TypeError,
            "vgg: ceil_mode is of type str, expected True, False",
        ),
        (lambda: sa.build("vgg-A", ceil_mode=1), TypeError, "build: ceil_mode is of type int"),
        (lambda: sa.alexnet(num_classes=0), ValueError, "alexnet: num_classes is 0"),
        (lambda: sa.alexnet(num_classes=2.5), TypeError, "num_classes"),
        (lambda: sa.alexnet(num_classes=2**31), ValueError, "num_classes"),
        (lambda: sa.alexnet(in_channels=0), ValueError, "in_channels"),
        (lambda: sa.alexnet(image_size=10), ValueError, "paper, node"),
        (lambda: sa.alexnet(image_size=-224), ValueError, "image_size"),
        (lambda: sa.alexnet(image_size=2**40), ValueError, "image_size"),
        (lambda: sa.alexnet(seed=-1, num_classes=2), ValueError, "seed"),
        (lambda: sa.alexnet(seed=2**64, num_classes=2), ValueError, "seed"),
        (lambda: sa.alexnet(seed=0.5, num_classes=2), TypeError, "seed"),
    ],
)
def test_refusals(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
