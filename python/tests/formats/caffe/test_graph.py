"""Which layers a net has, what they read, and which nodes they are."""

import pytest
from formats.caffe import nets

import swiftalexnet as sa
from swiftalexnet.errors import CheckpointCorruptError, UnsupportedError

CONV = {"conv1": [(4, 3, 3, 3), (4,)]}


@pytest.fixture
def load(tmp_path):
    """Return a function that loads a text and random blobs, with the text as the prototxt or without any."""

    def load(text, shapes, has_prototxt=True, is_legacy=False, **options):
        prototxt, caffemodel = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
        prototxt.write_text(text)
        caffemodel.write_bytes(nets.caffemodel(text, shapes, is_legacy=is_legacy))
        return sa.load(caffemodel, prototxt=prototxt if has_prototxt else None, **options)

    return load


def after(*layers, size=8):
    """Return a net: a convolution to `size - 2` pixels, then `layers`."""
    return nets.input_new(3, size) + nets.convolution("conv1", "data", 4, 3) + "".join(layers)


def lines(model):
    return model.spec.splitlines()[2:]


TRAIN_VAL = (
    """
    name: "net"  # a comment
    layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN }
      transform_param { mirror: true crop_size: 8 mean_value: 1 } data_param { source: "train" batch_size: 9 } }
    layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
      transform_param { mirror: false crop_size: 8 mean_value: 1 mean_value: 2 mean_value: 3 scale: 0.5 } }
    """
    + nets.convolution("conv1", "data", 4, 3)
    + nets.layer("ReLU", "only in training", "conv1", "conv1", rules="exclude { phase: TEST }")
    + nets.dense("fc", "conv1", 5)
    + """
    layer { name: "accuracy" type: "Accuracy" bottom: "fc" bottom: "label" top: "accuracy" include { phase: TEST } }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }
    """
)
CONV_FC = CONV | {"fc": [(5, 144), (5,)]}


def test_train_val(load):
    model = load(TRAIN_VAL, CONV_FC)
    assert lines(model) == [
        "convolution conv1 outputs=4 kernel=3 stride=1 pad=0,0,0,0 groups=1",
        "dense fc outputs=5",
        "softmax prob",
    ]
    assert model.input_shape == (3, 8, 8)
    assert model.preprocessing.mean.tolist() == [3, 2, 1]  # red, green, blue
    assert model.preprocessing.scale.tolist() == [0.5] * 3


def test_snapshot_of_training(load):
    """What Caffe writes while it trains: the layers of that phase, and copies of blobs that two layers read."""
    text = """
    layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN }
      transform_param { crop_size: 8 } }
    """
    text += nets.convolution("conv1", "data", 4, 3) + nets.dense("fc", "conv1", 5)
    text += 'layer { name: "split" type: "Split" bottom: "fc" top: "fc_0" top: "fc_1" }'
    text += 'layer { name: "accuracy" type: "Accuracy" bottom: "fc_0" bottom: "label" top: "accuracy" }'
    text += nets.softmax("fc_1")
    assert [line.split()[0] for line in lines(load(text, CONV_FC, has_prototxt=False))] == [
        "convolution",
        "dense",
        "softmax",
    ]


@pytest.mark.parametrize(
    ("rules", "is_there"),
    [
        ("include { phase: TEST }", True),
        ("include { phase: TRAIN }", False),
        ("include { phase: TRAIN } include { phase: TEST }", True),
        ("exclude { phase: TEST }", False),
        ("exclude { stage: 'deploy' }", True),
        ("include { stage: 'deploy' }", False),
        ("include { not_stage: 'deploy' }", True),
        ("include { min_level: 1 }", False),
        ("include { min_level: 0 max_level: 0 }", True),
    ],
)
def test_rules(load, rules, is_there):
    text = after(nets.layer("ReLU", "r", "conv1", "conv1", rules=rules), nets.dense("fc", "conv1", 5))
    assert any(line.startswith("relu") for line in lines(load(text, CONV_FC))) == is_there


@pytest.mark.parametrize(
    ("layers", "inputs", "expected"),
    [
        ([nets.pool("p", "conv1", 3, 2)], 36, "max_pool p kernel=3 stride=2 pad=0,0,0,0 ceil=1"),
        ([nets.pool("p", "conv1", 3, 2, "round_mode: FLOOR")], 16, "max_pool p kernel=3 stride=2 pad=0,0,0,0 ceil=0"),
        ([nets.pool("p", "conv1", 3, 2, "ceil_mode: false")], 16, "max_pool p kernel=3 stride=2 pad=0,0,0,0 ceil=0"),
        (
            [nets.pool("p", "conv1", 3, 1, "pool: AVE pad_h: 1 pad_w: 2")],
            192,
            "average_pool p kernel=3 stride=1 pad=1,2,1,2 ceil=1 count_include_pad=1",
        ),
        ([nets.global_pool("p", "conv1", "AVE")], 4, "adaptive_average_pool p size=1"),
        ([nets.global_pool("p", "conv1", "MAX")], 4, "max_pool p kernel=6 stride=1 pad=0,0,0,0 ceil=0"),
        (
            [nets.norm("p", "conv1", "local_size: 3 alpha: 2 k: 4")],
            144,
            "response_norm p size=3 alpha=2.0 beta=0.75 k=4.0 alpha_over_n=1 groups=1",
        ),
        (
            [nets.norm("p", "conv1", "k: 4 norm_region: WITHIN_CHANNEL")],
            144,
            "spatial_response_norm p size=5 alpha=1.0 beta=0.75 k=1.0 alpha_over_n=1",
        ),
        ([nets.dropout("d", "conv1"), nets.relu("p", "conv1")], 144, "dropout d probability=0.5 form=inverted"),
        ([nets.layer("TanH", "p", "conv1")], 144, "tanh p"),
        ([nets.layer("Sigmoid", "p", "conv1")], 144, "sigmoid p"),
    ],
)
def test_nodes(load, layers, inputs, expected):
    blob = "conv1" if 'top: "p"' not in layers[-1] else "p"
    text = after(*layers, nets.dense("fc", blob, 5))
    assert expected in lines(load(text, CONV | {"fc": [(5, inputs), (5,)]}))


@pytest.mark.parametrize("is_legacy", [False, True])
def test_dense_layers(load, is_legacy):
    """Without a bias, and stored transposed; a convolution over the whole map is one, too."""
    text = after(
        nets.convolution("fc6-conv", "conv1", 7, 6),
        nets.dense("fc7", "fc6-conv", 6, "bias_term: false"),
        nets.dense("fc8", "fc7", 5, "transpose: true"),
    )
    shapes = CONV | {"fc6-conv": [(7, 4, 6, 6), (7,)], "fc7": [(6, 7)], "fc8": [(6, 5), (5,)]}
    model = load(text, shapes, is_legacy=is_legacy)
    assert [line.split()[0] for line in lines(model)] == ["convolution", "dense", "dense", "dense", "softmax"]
    assert not model.parameters()["fc7.bias"].any()
    blobs = {layer.name: list(layer.blobs) for layer in nets.parse_bytes(nets.caffemodel(text, shapes)).layer}
    assert (model.parameters()["fc8.weight"].T.ravel() == list(blobs["fc8"][0].data)).all()
    assert (model.parameters()["fc6-conv.weight"].ravel() == list(blobs["fc6-conv"][0].data)).all()


def test_names(load):
    """Caffe needs no different names for layers without weights, and allows any characters."""
    text = after(
        nets.relu("a layer", "conv1"), nets.layer("TanH", "a layer", "conv1"), nets.dense("fc outputs=9", "a layer", 5)
    )
    model = load(text, CONV | {"fc outputs=9": [(5, 144), (5,)]})
    assert lines(model)[1:4] == ["relu a_layer", "tanh a_layer_2", "dense fc_outputs_9 outputs=5"]


BRANCH = nets.relu("r", "conv1") + nets.dense("a", "conv1", 5) + nets.dense("b", "conv1", 6)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([BRANCH], "layer 'b': a branch: it reads 'conv1' after 'a'"),
        (['layer { name: "e" type: "Eltwise" bottom: "conv1" bottom: "data" top: "e" }'], "'e': a layer with 2 inputs"),
        ([nets.layer("BatchNorm", "n", "conv1")], "layer 'n': a layer of type BatchNorm is not supported"),
        ([nets.convolution("x", "conv1", 4, 3, "dilation: 2")], r"layer 'x': a dilation of \[2\]"),
        ([nets.convolution("x", "conv1", 4, 3, "kernel_size: 5")], "layer 'x': a kernel of 3 × 5"),
        ([nets.convolution("x", "conv1", 4, 3, "stride_h: 1 stride_w: 2")], "with stride 1 × 2"),
        ([nets.pool("x", "conv1", 3, 2, "pool: STOCHASTIC")], "layer 'x': a pool of kind STOCHASTIC"),
        ([nets.pool("x", "conv1", 2, 8)], "layer 'x': a last window that lies outside the image"),
        ([nets.layer("ReLU", "x", "conv1", parameters="relu_param { negative_slope: 0.5 }")], "'x': a slope of 0.5"),
        ([nets.layer("Power", "x", "conv1", parameters="power_param { scale: 2 }")], r"'x': \(0 \+ 2 x\)\^1"),
        ([nets.layer("Flatten", "f", "conv1"), nets.pool("x", "f", 2, 1)], "'x': a layer of type Pooling that reads a"),
        ([nets.layer("Reshape", "x", "conv1", parameters="reshape_param { shape { dim: 2 dim: 3 } }")], "'x': a shape"),
        ([nets.convolution("fc8-conv", "conv1", 4, 3)], "an answer that is a map of 4 × 4"),
        ([nets.dense("x", "conv1", 4, "axis: 2")], "layer 'x': an inner product along axis 2"),
    ],
)
def test_unsupported(load, layers, message, tmp_path):
    with pytest.raises(UnsupportedError, match=message) as caught:
        load(after(*layers), CONV)
    assert str(tmp_path / "net.caffemodel") in str(caught.value)
    assert str(tmp_path / "net.prototxt") in str(caught.value)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([nets.norm("n", "conv1", "local_size: 4"), nets.dense("fc", "n", 5)], "'n': local_size is 4, expected an odd"),
        ([nets.dense("other", "conv1", 5)], "layer 'other' has 0 blobs in the file, expected weights and bias"),
        ([nets.dense("fc", "conv1", 5, "bias_term: false")], "layer 'fc' has 2 blobs in the file, expected weights"),
        ([nets.dense("fc", "conv1", 6)], r"fc\[0\] has shape \(5, 144\), where fc.weight needs \(6, 144\)"),
        ([nets.pool("p", "conv1", 7, 1)], "layer 'p': .*the kernel 7×7 is larger"),
        ([nets.dense("fc", "conv1", 5), nets.dense("fc", "fc", 5)], "two layers with weights are named 'fc'"),
    ],
)
def test_nets_that_do_not_fit(tmp_path, layers, message):
    text = after(nets.dense("fc", "conv1", 5))
    blobs = nets.caffemodel(text, CONV_FC)
    with pytest.raises(ValueError, match=message):
        load_with(tmp_path, blobs, after(*layers))


def load_with(folder, blobs, text):
    (folder / "other.caffemodel").write_bytes(blobs)
    (folder / "other.prototxt").write_text(text)
    return sa.load(folder / "other.caffemodel", prototxt=folder / "other.prototxt")


def test_layers_that_the_prototxt_does_not_have_are_left_out(tmp_path):
    text = after(nets.dense("fc", "conv1", 5), nets.dense("fc2", "fc", 3))
    blobs = nets.caffemodel(text, CONV_FC | {"fc2": [(3, 5), (3,)]})
    model = load_with(tmp_path, blobs, after(nets.dense("fc", "conv1", 5)))
    assert any("fc2" in note for note in model.source.notes)


def test_inputs(load):
    rest = nets.convolution("conv1", "data", 4, 3) + nets.dense("fc", "conv1", 5)
    for head in (nets.input_new(3, 8), nets.input_shape(3, 8), nets.input_dim(3, 8)):
        assert load(head + rest, CONV_FC).input_shape == (3, 8, 8)
    memory = (
        'layer { name: "data" type: "MemoryData" top: "data" memory_data_param { channels: 3 height: 8 width: 8 } }'
    )
    assert load(memory + rest, CONV_FC).input_shape == (3, 8, 8)
    wide = "input: 'data' input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 9 "
    with pytest.raises(UnsupportedError, match="an input of 8 × 9 is not supported"):
        load(wide + rest, CONV_FC)


def test_input_of_unknown_size(load):
    """A file that Caffe wrote for a net with `input:` does not keep its size: the usual ones are tried."""
    rest = nets.convolution("conv1", "data", 2, 11, "stride: 4") + nets.dense("fc", "conv1", 3)
    shapes = {"conv1": [(2, 3, 11, 11), (2,)], "fc": [(3, 2 * 55 * 55), (3,)]}
    model = load("input: 'data' " + rest, shapes, has_prototxt=False)
    assert model.input_shape == (3, 227, 227)
    assert "227 pixels are assumed" in " ".join(model.source.notes)
    shapes["fc"] = [(3, 2 * 54 * 54), (3,)]
    assert load("input: 'data' " + rest, shapes, has_prototxt=False).input_shape == (3, 224, 224)
    shapes["fc"] = [(3, 2 * 50 * 50), (3,)]
    with pytest.raises(ValueError, match="227 and 224 pixels do not fit .* pass prototxt="):
        load("input: 'data' " + rest, shapes, has_prototxt=False)


def test_old_and_new_layers_in_one_net(load):
    text = after(nets.dense("fc", "conv1", 5)) + nets.old(nets.relu("r", "fc"))
    with pytest.raises(ValueError, match="layers of the old and of the new form"):
        load(text, CONV_FC)


def test_formats_of_2013(tmp_path):
    blobs = tmp_path / "x.caffemodel"
    blobs.write_bytes(nets.caffemodel(after(nets.dense("fc", "conv1", 5)), CONV_FC))
    text = tmp_path / "x.prototxt"
    text.write_text('layers { layer { name: "conv1" type: "conv" num_output: 96 } bottom: "data" top: "conv1" }')
    with pytest.raises(UnsupportedError, match="upgrade_net_proto_text"):
        sa.load(blobs, prototxt=text)


def test_errors_of_texts(tmp_path):
    blobs, text = tmp_path / "x.caffemodel", tmp_path / "x.prototxt"
    blobs.write_bytes(nets.caffemodel(after(nets.dense("fc", "conv1", 5)), CONV_FC))
    text.write_text("layer {\n  name: 3\n}")
    with pytest.raises(CheckpointCorruptError, match=r"x\.prototxt is not a network of Caffe: line 2:9"):
        sa.load(blobs, prototxt=text)
    with pytest.raises(FileNotFoundError):
        sa.load(blobs, prototxt=tmp_path / "missing.prototxt")
