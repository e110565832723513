"""What the pages in docs/coming_from say of torchvision and Keras, checked on themselves."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="make test-peers installs torch and runs this")
torchvision = pytest.importorskip("torchvision", reason="make test-peers installs torchvision and runs this")
keras = pytest.importorskip("keras", reason="make test-peers installs keras and runs this")

import swiftalexnet as sa  # noqa: E402

F = torch.nn.functional
RANDOM = np.random.default_rng(0)


def floats(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def kinds(sequential):
    return [type(layer).__name__ for layer in sequential]


def close(ours, theirs, bound=1e-5):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=bound * np.abs(theirs).max())


# torchvision


def test_torchvision_drops_before_the_dense_layers_of_alexnet_and_after_those_of_vgg():
    assert kinds(torchvision.models.alexnet().classifier) == ["Dropout", "Linear", "ReLU"] * 2 + ["Linear"]
    vgg = torchvision.models.vgg11(init_weights=False)
    assert kinds(vgg.classifier) == ["Linear", "ReLU", "Dropout"] * 2 + ["Linear"]
    owt = [row.name for row in sa.alexnet("owt", image_size=64).summary().rows]
    assert owt[owt.index("drop5") :] == ["drop5", "fc6", "relu6", "drop6", "fc7", "relu7", "fc8", "prob"]
    paper = [row.name for row in sa.alexnet("paper", image_size=64).summary().rows]
    assert paper[paper.index("fc6") :] == ["fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8", "prob"]


def test_torchvisions_alexnet_has_no_norms_and_no_groups():
    layers = torchvision.models.alexnet().features
    assert not any(isinstance(layer, torch.nn.LocalResponseNorm) for layer in layers)
    assert all(layer.groups == 1 for layer in layers if isinstance(layer, torch.nn.Conv2d))


def test_both_scale_dropout_in_training():
    dropped = torch.nn.Dropout(0.5)(torch.ones(1000)).numpy()
    assert set(dropped) == {0.0, 2.0}
    dropped = np.asarray(keras.layers.Dropout(0.5)(np.ones(1000, np.float32), training=True))
    assert set(dropped) == {0.0, 2.0}


def test_a_hook_sees_what_the_relu_in_place_leaves():
    model, seen = torchvision.models.alexnet().eval(), {}
    model.features[0].register_forward_hook(lambda module, given, made: seen.update(conv1=made))
    model(torch.randn(1, 3, 224, 224))
    assert seen["conv1"].min() >= 0, "the convolution's own output has negative values"


def test_features_of_both_kinds_of_names(tmp_path):
    model = torchvision.models.alexnet(num_classes=4).eval()
    torch.save(model.state_dict(), tmp_path / "a.pth")
    ours = sa.load(tmp_path / "a.pth")
    image = floats(1, 3, 224, 224)
    with torch.no_grad():
        conv1 = model.features[0](torch.from_numpy(image)).numpy()
    found = ours.activations(image, ["conv1", "relu1"])
    close(found["conv1"], conv1)
    close(found["relu1"], np.maximum(conv1, 0))


def test_torchs_alpha_is_divided_by_the_window():
    x = 50 * floats(2, 9, 5, 5)
    theirs = torch.nn.LocalResponseNorm(5, 1e-3, 0.75, 2.0)(torch.from_numpy(x)).numpy()
    close(sa.ops.local_response_norm(x, 5, 1e-3, 0.75, 2.0, alpha_over_n=True), theirs)
    paper = sa.ops.local_response_norm(x, 5, 1e-3, 0.75, 2.0, alpha_over_n=False)
    assert np.abs(paper - theirs).max() > 0.1 * np.abs(theirs).max()


@pytest.mark.parametrize("rule", ["pytorch", "paper", "caffe"])
def test_torchs_sgd_is_the_rule_pytorch(rule):
    w, v, steps = floats(50), np.zeros(50, np.float32), [(0.1, floats(50)), (0.1, floats(50)), (0.01, floats(50))]
    theirs = torch.nn.Parameter(torch.from_numpy(w.copy()))
    optimizer = torch.optim.SGD([theirs], 0.1, momentum=0.9, weight_decay=0.01)
    for number, (rate, gradient) in enumerate(steps):
        optimizer.param_groups[0]["lr"] = rate
        theirs.grad = torch.from_numpy(gradient)
        optimizer.step()
        sa.ops.sgd_update(w, v, gradient, rate, 0.9, 0.01, rule)
        same = np.allclose(w, theirs.detach().numpy(), atol=1e-6)
        assert same == (rule == "pytorch" or number < 2), "the rules part when the rate changes"


def test_pools_round_down_and_caffes_up():
    x = floats(1, 1, 14, 14)
    down = F.max_pool2d(torch.from_numpy(x), 3, 2).numpy()
    up = F.max_pool2d(torch.from_numpy(x), 3, 2, ceil_mode=True).numpy()
    assert down.shape[-1] == 6 and up.shape[-1] == 7
    assert np.array_equal(sa.ops.max_pool2d(x, 3, 2), down)
    assert np.array_equal(sa.ops.max_pool2d(x, 3, 2, ceil_mode=True), up)
    assert np.asarray(keras.layers.MaxPooling2D(3, 2)(x.transpose(0, 2, 3, 1))).shape[1] == 6


def test_images_are_prepared_like_torchvisions_own():
    model = sa.alexnet("owt", 3)
    pixels = RANDOM.integers(0, 256, (300, 400, 3), np.uint8)
    transforms = torchvision.models.AlexNet_Weights.IMAGENET1K_V1.transforms()
    theirs = transforms(Image.fromarray(pixels))[None].numpy()
    close(model.features(Image.fromarray(pixels), ["data"])["data"], theirs)


def test_torchvision_pools_what_remains_of_larger_images():
    model = torchvision.models.alexnet(num_classes=4).eval()
    assert model(torch.zeros(1, 3, 300, 300)).shape == (1, 4)
    with pytest.raises(ValueError, match="300"):
        sa.alexnet("owt", 4).forward(np.zeros((1, 3, 300, 300), np.float32))


# Keras


def test_kerass_same_pads_more_at_the_end():
    x, w = floats(1, 224, 224, 3), floats(11, 11, 3, 8)
    layer = keras.layers.Conv2D(8, 11, strides=4, padding="same", use_bias=False)
    layer.build(x.shape)
    layer.set_weights([w])
    theirs = np.asarray(layer(x))
    assert theirs.shape[1:3] == (56, 56), "the paper's is 55"
    weights = np.ascontiguousarray(w.transpose(3, 2, 0, 1))
    close(sa.ops.conv2d(x, weights, stride=4, padding=(3, 3, 4, 4), layout="NHWC"), theirs)


def test_kerass_vgg16_has_no_dropout_and_activations_in_its_layers():
    model = keras.applications.VGG16(weights=None, classes=7, input_shape=(32, 32, 3), include_top=False)
    full = keras.applications.VGG16(weights=None, classes=7)
    assert not any("dropout" in layer.name for layer in full.layers)
    assert model.get_layer("block1_conv1").activation.__name__ == "relu"
    assert full.get_layer("fc2").activation.__name__ == "relu"
    assert "drop6" in {row.name for row in sa.vgg("D", 7, image_size=32).summary().rows}


def test_kerass_dense_layers_read_rows_columns_channels():
    x = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    assert np.array_equal(np.asarray(keras.layers.Flatten()(x))[0], np.arange(24))
    assert keras.layers.Flatten()(x).shape == (1, 24)


def test_preprocess_input_is_blue_first_minus_a_mean():
    pixels = RANDOM.integers(0, 256, (1, 4, 4, 3)).astype(np.float32)
    mean = np.array([103.939, 116.779, 123.68], np.float32)
    close(keras.applications.vgg16.preprocess_input(pixels.copy()), pixels[..., ::-1] - mean)


def test_kerass_momentum_is_the_papers_rule():
    w, v = floats(50), np.zeros(50, np.float32)
    theirs = keras.Variable(w.copy())
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    for rate in (0.1, 0.1, 0.01):
        gradient = floats(50)
        optimizer.learning_rate = rate
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [theirs])
        sa.ops.sgd_update(w, v, gradient, rate, 0.9, 0.0, "paper")
        close(w, np.asarray(theirs))


def test_kerass_weight_decay_stays_out_of_the_velocity_and_l2_is_twice_the_papers():
    w = np.full(5, 2.0, np.float32)
    theirs = keras.Variable(w.copy())
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, weight_decay=0.01)
    for _ in range(2):
        optimizer.apply([keras.ops.zeros(5)], [theirs])
    close(np.asarray(theirs), 2 * (1 - 0.1 * 0.01) ** 2 * np.ones(5))
    v = np.zeros(5, np.float32)
    for _ in range(2):
        sa.ops.sgd_update(w, v, np.zeros(5, np.float32), 0.1, 0.9, 0.01, "paper")
    assert (np.abs(w) < np.asarray(theirs) - 1e-4).all()
    assert float(keras.regularizers.L2(0.5)(np.array([3.0], np.float32))) == 4.5, "l · w², whose gradient is 2 · l · w"


def test_keras_starts_from_glorots_weights():
    layer = keras.layers.Dense(3)
    assert layer.kernel_initializer.__class__.__name__ == "GlorotUniform"
