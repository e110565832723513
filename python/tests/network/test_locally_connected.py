"""A network with locally connected layers: its parameters of rank 6 in memory, state, files and checkpoints."""

import numpy as np
import pytest
from support import dataset, fingerprint, quick_recipe

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.files import safetensors
from swiftalexnet.network import parameters

SPEC = """\
network local
data channels=3 height=20 width=20
convolution conv1 outputs=8 kernel=5 stride=3 pad=0,0,1,1 groups=1
relu relu1
locally_connected local3 outputs=6 kernel=3 stride=1 pad=1,1,1,1
relu relu3
locally_connected local4 outputs=5 kernel=2 stride=2 pad=0,0,0,0
relu relu4
dense fc10 outputs=4
softmax prob
"""

SHAPES = {
    "conv1.weight": (8, 3, 5, 5),
    "conv1.bias": (8,),
    "local3.weight": (6, 6, 6, 8, 3, 3),
    "local3.bias": (6, 6, 6),
    "local4.weight": (3, 3, 5, 6, 2, 2),
    "local4.bias": (3, 3, 5),
    "fc10.weight": (4, 45),
    "fc10.bias": (4,),
}


def local_model(seed: int = 0) -> sa.Model:
    return sa.Model.from_spec(SPEC, "torchvision", seed)


def tensors(count: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((count, 3, 20, 20), np.float32)


def test_shapes_are_positions_before_a_convolutions():
    model = local_model()
    assert {name: array.shape for name, array in model.parameters().items()} == SHAPES
    state = model.state_dict()
    assert {name: array.shape for name, array in state.items()} == SHAPES
    assert all(array.flags.c_contiguous for array in state.values())


@pytest.mark.parametrize("count", [2, 9])
def test_layers_compute_with_the_values_of_parameters(count):
    model = local_model()
    w = model.parameters()
    relu1, relu3, local4 = capture(model, tensors(count))
    expected = sa.ops.locally_connected2d(relu1, w["local3.weight"], w["local3.bias"], padding=1, relu=True)
    np.testing.assert_array_equal(relu3, expected)
    expected = sa.ops.locally_connected2d(relu3, w["local4.weight"], w["local4.bias"], stride=2)
    np.testing.assert_array_equal(local4, expected)


def test_a_write_to_a_parameter_changes_only_its_position():
    model = local_model()
    x = tensors(2)
    before = capture(model, x)[1]
    model.parameters()["local3.bias"][4, 2, 3] += 100
    changed = capture(model, x)[1] != before
    assert changed[:, 3, 4, 2].all() and changed.sum() == len(x)


def test_gradients_have_the_shapes_and_the_values_of_the_operator():
    model = local_model()
    x = tensors(9)
    model.forward(x)
    model.backward(np.ones((9, 4), np.float32))
    gradients = model.gradients()
    assert {name: array.shape for name, array in gradients.items()} == SHAPES
    _, relu3, local4 = capture(model, x)
    w = model.parameters()
    slope = np.tile(w["fc10.weight"].sum(0).reshape(1, 5, 3, 3), (9, 1, 1, 1)) * (local4 > 0)
    _, dw, db = sa.ops.locally_connected2d_backward(slope, relu3, w["local4.weight"], stride=2)
    np.testing.assert_allclose(gradients["local4.weight"], dw, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(gradients["local4.bias"], db, rtol=1e-4, atol=1e-5)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    model = local_model(seed=3)
    path = tmp_path / "local.safetensors"
    model.save(path)
    loaded = sa.load(path)
    assert fingerprint(loaded) == fingerprint(model)
    x = tensors(3)
    np.testing.assert_array_equal(loaded.forward(x), model.forward(x))
    stored, _ = safetensors.read(path)
    assert stored["local3.weight"].shape == SHAPES["local3.weight"]


def test_a_state_of_another_shape_is_refused():
    model = local_model()
    state = model.state_dict()
    state["local3.weight"] = state["local3.weight"][0, 0]
    with pytest.raises(ValueError, match=r"local3.weight has shape \(6, 8, 3, 3\), expected \(6, 6, 6, 8, 3, 3\)"):
        model.load_state_dict(state)


def test_resumed_from_a_checkpoint_it_ends_with_the_same_bits(tmp_path):
    def fit(model, epochs, **options):
        model.fit(dataset(40), epochs=epochs, recipe=quick_recipe(), progress=False, checkpoint=tmp_path, **options)

    straight = local_model()
    straight.fit(dataset(40), epochs=3, recipe=quick_recipe(), progress=False)
    fit(local_model(), 2)
    resumed = local_model(seed=99)
    fit(resumed, 3, resume=True)
    assert fingerprint(resumed) == fingerprint(straight)
    velocities = [parameters.copies(model.network, _native.VELOCITY) for model in (resumed, straight)]
    for name in SHAPES:
        np.testing.assert_array_equal(velocities[0][name], velocities[1][name])


def capture(model: sa.Model, x: np.ndarray) -> list[np.ndarray]:
    """Return the outputs of relu1, relu3 and local4."""
    outputs = [np.empty((len(x), *shape), np.float32) for shape in ((8, 6, 6), (6, 6, 6), (5, 3, 3))]
    model.network.capture(x, 0, ["relu1", "relu3", "local4"], (0, 0, 0), outputs)
    return outputs
