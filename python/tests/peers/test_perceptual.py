"""The package lpips against ours on the same random trunk: values, layers, maps and gradients."""

import contextlib
import io

import numpy as np
import pytest

import swiftalexnet as sa

torch = pytest.importorskip("torch", reason="make test-peers installs torch and runs this")
torchvision = pytest.importorskip("torchvision", reason="make test-peers installs torchvision and runs this")
lpips = pytest.importorskip("lpips", reason="make test-peers installs lpips and runs this")

NETS = {"alex": "alexnet", "vgg": "vgg16"}


@pytest.fixture(scope="module", params=NETS)
def trunk(request, tmp_path_factory):
    """A net's name, a file with random convolutions, and these by torchvision's names."""
    torch.manual_seed(7)
    with torch.device("meta"):  # without the dense layers' memory
        layers = getattr(torchvision.models, NETS[request.param])().features
    layers = layers.to_empty(device="cpu")
    for layer in layers:
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
            torch.nn.init.normal_(layer.bias, std=0.1)
    path = tmp_path_factory.mktemp("trunk") / "trunk.pth"
    state = layers.state_dict()
    torch.save({f"features.{name}": value for name, value in state.items()}, path)
    return request.param, path, state


@pytest.fixture(scope="module", params=["0.1", "0.0"])
def both(request, trunk):
    """Theirs, which takes float NCHW from -1 to 1, and ours."""
    net, path, state = trunk
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = lpips.LPIPS(net=net, version=request.param, pnet_rand=True, verbose=False)
    for name, parameter in theirs.net.named_parameters():  # slice1.0.weight is features.0.weight
        parameter.data.copy_(state[name.partition(".")[2]])
    return theirs, sa.LPIPS(net, request.param, backbone=path)


def images(seed, count, height, width):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3)).astype(np.uint8)


def tensor(levels):
    """Return images as lpips prepares them (lpips.im2tensor)."""
    return torch.from_numpy((levels / 127.5 - 1).transpose(0, 3, 1, 2).astype(np.float32))


def close(found, expected):
    expected = expected.detach().numpy()
    assert np.abs(found - expected.reshape(found.shape)).max() <= 1e-5 * max(1, np.abs(expected).max())


def same_gradient(found, expected, bound):
    """Compare most images to rounding.

    Where a ReLU's input is nearly zero, or two of a maximum nearly equal, rounding decides which way the gradient goes,
    for them and for us, and then the pixels that such a unit of a deep layer sees differ by more.
    """
    errors = np.abs(found - expected).max(axis=(1, 2, 3)) / np.abs(expected).max(axis=(1, 2, 3))
    assert np.median(errors) <= bound and errors.max() <= 0.05


@pytest.mark.parametrize(("count", "height", "width"), [(1, 64, 64), (2, 50, 67), (1, 131, 66), (4, 35, 40)])
def test_values_layers_and_maps(both, count, height, width):
    theirs, ours = both
    a = images(1, count, height, width)
    b = np.where(images(2, count, 1, 1) % 2, a // 2 + 20, images(3, count, height, width)).astype(np.uint8)
    found = ours(a, b, spatial=True)
    with torch.no_grad():
        theirs.spatial = False
        values, layers = theirs(tensor(a), tensor(b), retPerLayer=True)
        theirs.spatial = True
        maps = theirs(tensor(a), tensor(b))
    close(found.values, values)
    for index, layer in enumerate(layers):
        close(found.per_layer[:, index], layer)
    close(np.stack(found.maps), maps)
    floats = ours(a / 255, b.astype(np.float32) / 255, value_range=(0, 1))
    assert np.abs(floats.values - found.values).max() <= 1e-6
    assert np.abs(np.asarray(ours(list(a), list(b))) - found.values).max() == 0


@pytest.mark.parametrize(("count", "height", "width"), [(5, 48, 48), (3, 55, 40)])
def test_gradients(both, count, height, width):
    """Theirs in float64: in float32 lpips itself is as far from it, for VGG some 1e-5."""
    theirs, ours = both
    theirs.spatial = False
    a, b = images(1, count, height, width), images(2, count, height, width)
    x = tensor(a).double().requires_grad_()
    values = theirs.double()(x, tensor(b).double())
    values.sum().backward()
    theirs.float()
    expected, bound = x.grad.numpy(), 1e-5 if ours.net == "alex" else 2e-5
    form = {"layout": "NCHW", "value_range": (-1, 1)}
    found, gradient = ours.value_and_grad(tensor(a).numpy(), tensor(b).numpy(), **form)
    close(found, values)
    same_gradient(gradient, expected, bound)
    _, of_levels = ours.value_and_grad(a, b)
    same_gradient(of_levels * 127.5, expected.transpose(0, 2, 3, 1), bound)


def test_all_pairs(both):
    theirs, ours = both
    theirs.spatial = False
    a = images(1, 4, 64, 70)
    a[1] = a[0]
    a[1, 0, 0, 0] ^= 64  # nearly a copy
    x = tensor(a)
    with torch.no_grad():
        expected = np.array([[theirs(x[i : i + 1], x[j : j + 1]).item() for j in range(4)] for i in range(4)])
    found = ours.cdist(a)
    assert np.abs(found - expected).max() <= 1e-5 and (found.diagonal() == 0).all()
    assert found[0, 1] > 0 and abs(found[0, 1] / float(ours(a[0], a[1])) - 1) <= 1e-4
    vectors = ours.embed(a).astype(np.float64)
    assert np.abs(((vectors[:, None] - vectors) ** 2).sum(axis=-1) - expected).max() <= 1e-5


def test_where_squares_of_features_vanish_their_gradient_is_no_number_and_ours_is(trunk):
    """At exact zeros torch's ReLU drops the NaN of their norm; where features are tiny nothing does."""
    net, path, state = trunk
    tiny = {
        name: value * 1e-25 if name.startswith("0.") else value * name.endswith("weight")
        for name, value in state.items()
    }
    torch.save({f"features.{name}": value for name, value in tiny.items()}, path.with_name("tiny.pth"))
    theirs = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    for name, parameter in theirs.net.named_parameters():
        parameter.data.copy_(tiny[name.partition(".")[2]])
    a, b = images(1, 1, 64, 64), images(2, 1, 64, 64)
    x = tensor(a).requires_grad_()
    theirs(x, tensor(b)).sum().backward()
    assert torch.isnan(x.grad).any()
    value, gradient = sa.LPIPS(net, backbone=path.with_name("tiny.pth")).value_and_grad(a[0], b[0])
    assert np.isfinite(value) and np.isfinite(gradient).all()
