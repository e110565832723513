"""torchvision's own modules against ours: the same logits from files that torch saved."""

import numpy as np
import pytest

import swiftalexnet as sa

torch = pytest.importorskip("torch", reason="make test-peers installs torch and runs this")
torchvision = pytest.importorskip("torchvision", reason="make test-peers installs torchvision and runs this")


@pytest.fixture(scope="module", params=["alexnet", "vgg11", "vgg16_bn"])
def network(request):
    """A network of torchvision with random parameters, an image and its logits."""
    torch.manual_seed(5)
    model = getattr(torchvision.models, request.param)(num_classes=10).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.normal_(module.weight, 1, 0.1)
            torch.nn.init.normal_(module.bias, std=0.1)
        elif isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=(2 / module.in_features) ** 0.5)
    image = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        return model, image.numpy(), model(image).numpy()


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_logits(network, is_zip, tmp_path):
    model, image, logits = network
    torch.save(model.state_dict(), tmp_path / "model.pth", _use_new_zipfile_serialization=is_zip)
    found = sa.load(tmp_path / "model.pth").forward(image)
    assert np.abs(found - logits).max() <= 1e-5 * np.abs(logits).max()


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_a_whole_module_is_unsupported(is_zip, tmp_path):
    model = torchvision.models.alexnet(num_classes=2)
    torch.save(model, tmp_path / "model.pth", _use_new_zipfile_serialization=is_zip)
    with pytest.raises(sa.UnsupportedError, match=r"torchvision\.models\.alexnet\.AlexNet.*state_dict"):
        sa.load(tmp_path / "model.pth")


def test_a_newer_kind_of_numbers_beside_the_network_does_no_harm(tmp_path):
    state = torchvision.models.alexnet(num_classes=2).state_dict()
    odd = {"float8": torch.zeros(2, dtype=torch.float8_e4m3fn), "sparse": torch.eye(2).to_sparse()}
    torch.save({"model": state, "state": odd, "random": torch.get_rng_state()}, tmp_path / "model.pth")
    assert sa.load(tmp_path / "model.pth").num_classes == 2
