"""captum against ours: the same values for the same networks, to a hundred-thousandth of the largest.

Where captum's default differs, the test says which argument makes them equal. Rounding decides which way a ReLU goes
whose input is nearly 0, and a gradient in float32 then differs by a whole path: captum's own from its own in float64.
AlexNet has few such places, a small network none in these images; methods that add up many passes are compared to
1e-5 on the small one, and to 1e-2 in the Euclidean norm on AlexNet.
"""

import warnings

import numpy as np
import pytest

import swiftalexnet as sa
from swiftalexnet.attribution.smooth_grad import noise_of

torch = pytest.importorskip("torch", reason="make test-peers installs torch and runs this")
torchvision = pytest.importorskip("torchvision", reason="make test-peers installs torchvision and runs this")
captum = pytest.importorskip("captum.attr", reason="make test-peers installs captum and runs this")

TARGETS = [3, 7]

SMALL = """\
network small
data channels=3 height=32 width=32
convolution conv1 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=1
relu relu1
max_pool pool1 kernel=2 stride=2 pad=0,0,0,0 ceil=0
convolution conv2 outputs=12 kernel=3 stride=1 pad=1,1,1,1 groups=1
relu relu2
convolution conv3 outputs=12 kernel=5 stride=2 pad=2,2,2,2 groups=2
relu relu3
dense fc4 outputs=20
relu relu4
dense fc5 outputs=10
softmax prob
"""


def small():
    """Return a network of torch, ours with the same weights, and the layers of both."""
    nn = torch.nn
    convolutions = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 12, 3, padding=1), nn.Conv2d(12, 12, 5, 2, 2, groups=2)
    dense = nn.Linear(12 * 64, 20), nn.Linear(20, 10)
    relus = [nn.ReLU() for _ in range(4)]
    net = nn.Sequential(
        *(convolutions[0], relus[0], nn.MaxPool2d(2), convolutions[1], relus[1], convolutions[2], relus[2]),
        *(nn.Flatten(), dense[0], relus[3], dense[1]),
    ).eval()
    state = {}
    for name, module in zip(("conv1", "conv2", "conv3", "fc4", "fc5"), (*convolutions, *dense), strict=True):
        state |= {f"{name}.{key}": value.detach().numpy() for key, value in module.named_parameters()}
    model = sa.Model.from_spec(SMALL, "zeros")
    model.load_state_dict(state)
    return net, model, {"conv2": convolutions[1], "pool1": net[2], "conv3": convolutions[2], "relu3": relus[2]}, 32


def alexnet(folder):
    """Return torchvision's, ours with the same weights, and the layers of both."""
    net = torchvision.models.alexnet(num_classes=10).eval()
    for module in net.modules():
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            torch.nn.init.kaiming_normal_(module.weight)
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False  # captum's hooks cannot see through it
    torch.save(net.state_dict(), folder / "net.pth")
    layers = {"pool2": net.features[5], "conv5": net.features[10], "relu5": net.features[11]}
    return net, sa.load(folder / "net.pth"), layers, 224


@pytest.fixture(scope="module", params=["small", "alexnet"])
def pair(request, tmp_path_factory):
    """A network in torch and in ours, two inputs, and the layers of both by our names."""
    torch.manual_seed(8)
    net, model, layers, side = small() if request.param == "small" else alexnet(tmp_path_factory.mktemp("weights"))
    return net, model, torch.randn(2, 3, side, side), layers


@pytest.fixture(autouse=True)
def quiet():
    """Leave out captum's warnings about its hooks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def ours(method, model, x, **options):
    """Return our values for a tensor of torch."""
    return getattr(sa.attribution, method)(model, x.numpy(), TARGETS, preprocessed=True, **options).values


def assert_same(found, expected, scale=None):
    """Compare to 1e-5 of the largest value, or of a `scale`."""
    expected = expected.detach().numpy()
    assert np.abs(found - expected).max() <= 1e-5 * (np.abs(expected).max() if scale is None else scale)


def assert_same_sums(found, expected):
    """Compare what is added up over many passes: see above."""
    if found.shape[-1] < 224:
        assert_same(found, expected)
    expected = expected.detach().numpy()
    assert np.linalg.norm(found - expected) <= 1e-2 * np.linalg.norm(expected)


def test_saliency(pair):
    net, model, x, _ = pair
    assert_same(ours("saliency", model, x), captum.Saliency(net).attribute(x, TARGETS))
    assert_same(ours("saliency", model, x, absolute=False), captum.Saliency(net).attribute(x, TARGETS, abs=False))


def test_input_x_gradient(pair):
    net, model, x, _ = pair
    assert_same(ours("input_x_gradient", model, x), captum.InputXGradient(net).attribute(x, TARGETS))


@pytest.mark.parametrize("rule", ["gausslegendre", "riemann_left", "riemann_middle", "riemann_right"])
def test_integrated_gradients(pair, rule):
    net, model, x, _ = pair
    start = torch.full_like(x, -0.25)
    found = sa.attribution.integrated_gradients(
        model, x.numpy(), TARGETS, baseline=-0.25, steps=12, rule=rule, preprocessed=True
    )
    expected, delta = captum.IntegratedGradients(net).attribute(
        x, start, TARGETS, n_steps=12, method=rule, return_convergence_delta=True
    )
    assert_same_sums(found.values, expected)
    scores = np.abs(net(x).detach().numpy()).max()
    assert np.abs(found.delta + delta.numpy()).max() <= 1e-4 * scores  # captum's has the other sign


@pytest.mark.parametrize("absolute", [False, True])
def test_smooth_grad(pair, absolute, monkeypatch):
    net, model, x, _ = pair
    noise = [noise_of(4, number).standard_normal((5, *x.shape[1:]), np.float32) for number in range(2)]
    monkeypatch.setattr(torch, "normal", lambda mean, deviations: deviations * torch.from_numpy(np.concatenate(noise)))
    expected = captum.NoiseTunnel(captum.Saliency(net)).attribute(
        x, nt_samples=5, stdevs=0.3, target=TARGETS, abs=absolute
    )
    assert_same_sums(ours("smooth_grad", model, x, samples=5, deviation=0.3, seed=4, absolute=absolute), expected)


def test_guided_backpropagation(pair):
    net, model, x, _ = pair
    assert_same(ours("guided_backpropagation", model, x), captum.GuidedBackprop(net).attribute(x, TARGETS))


def test_deconvnet(pair):
    net, model, x, _ = pair
    assert_same(ours("deconvnet", model, x), captum.Deconvolution(net).attribute(x, TARGETS))


def test_grad_cam(pair):
    net, model, x, layers = pair
    for name, module in layers.items():
        expected = captum.LayerGradCam(net, module).attribute(x, TARGETS)[:, 0]
        assert_same(ours("grad_cam", model, x, layer=name, relu=False), expected)
        expected = captum.LayerGradCam(net, module).attribute(x, TARGETS, relu_attributions=True)[:, 0]
        assert_same(ours("grad_cam", model, x, layer=name), expected)


def test_enlarged_maps(pair):
    net, model, x, layers = pair
    name, module = list(layers.items())[-1]
    maps = captum.LayerGradCam(net, module).attribute(x, TARGETS)
    expected = captum.LayerAttribution.interpolate(maps, tuple(x.shape[2:]), "bilinear")[:, 0]
    found = sa.attribution.grad_cam(model, x.numpy(), TARGETS, name, relu=False, preprocessed=True)
    assert_same(found.maps, expected)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_guided_grad_cam(pair, interpolation):
    net, model, x, layers = pair
    for name, module in layers.items():
        expected = captum.GuidedGradCam(net, module).attribute(x, TARGETS, interpolate_mode=interpolation)
        assert_same(ours("guided_grad_cam", model, x, layer=name, interpolation=interpolation), expected)


@pytest.mark.parametrize("part", [(3, 3, 4, 4), (2, 4, 3, 4)])
def test_occlusion(pair, part):
    net, model, x, _ = pair
    window, stride = ([x.shape[2] // each for each in sides] for sides in (part[:2], part[2:]))
    expected = captum.Occlusion(net).attribute(
        x, (3, *window), (3, *stride), baselines=0.5, target=TARGETS, perturbations_per_eval=4
    )
    found = ours("occlusion", model, x, window=tuple(window), stride=tuple(stride), baseline=0.5)
    assert_same(found, expected[:, 0], scale=np.abs(net(x).detach().numpy()).max())  # differences of logits
