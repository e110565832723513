"""Two towers on two ranks compute and train what the whole network does."""

import numpy as np
import pytest
from support import tiny_model
from thread_ranks import on_ranks

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.distributed import LocalCommunicator, Towers
from swiftalexnet.network.parameters import by_name

LABELS = np.array([0, 1, 2, 3, 1, 0, 2], np.int32)


def images(model, count=7, seed=3):
    return np.random.default_rng(seed).standard_normal((count, *model.input_shape), np.float32)


def on_towers(make, work, timeout=20.0):
    """Return what `work(towers, rank)` returns or raises on each of two ranks."""

    def run(communicator):
        with Towers(make(), communicator, timeout) as towers:
            communicator.bytes_sent = 0
            return work(towers, communicator)

    return on_ranks(2, run)


def sound(results):
    for each in results:
        if isinstance(each, BaseException):
            raise each
    return results


def assert_close(found, expected):
    """Compare weights by name: the same up to rounding."""
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert np.abs(found[name] - array).max() <= 1e-5 * np.abs(array).max(), name


def test_forward_has_the_bits_of_the_whole():
    model = tiny_model()
    x = images(model)
    expected = model.forward(x, keep=False)
    for layout, batch in (("NCHW", x), ("NHWC", np.ascontiguousarray(x.transpose(0, 2, 3, 1)))):
        for logits in sound(on_towers(tiny_model, lambda t, _, b=batch, lay=layout: t.forward(b, layout=lay))):
            assert logits.tobytes() == expected.tobytes()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_steps_train_the_whole(precision):
    whole = tiny_model()
    if precision == "bfloat16" and "bfloat16" not in sa.info()["precisions"]:
        pytest.skip("this processor has no bfloat16")
    x, weights = images(whole), np.linspace(0, 2, len(LABELS))
    arguments = {"learning_rate": 0.02, "seed": 5, "precision": precision, "sample_weight": weights}
    expected = [whole.train_step(x, LABELS, step=step, **arguments) for step in range(4)]

    def work(towers, communicator):
        losses = [towers.train_step(x, LABELS, step=step, **arguments) for step in range(4)]
        sent = communicator.bytes_sent
        model = tiny_model() if communicator.rank == 1 else None
        towers.gather(model)
        return losses, sent, model, towers.state_dict()

    first, second = sound(on_towers(tiny_model, work))
    assert first[0] == second[0]
    if precision == "float32":
        assert first[0][0] == expected[0], "the first loss has the bits of the whole"
    np.testing.assert_allclose(first[0], expected, rtol=1e-5 if precision == "float32" else 2e-2)
    if precision == "float32":
        assert_close(second[2].state_dict(), whole.state_dict())
        velocities = [
            {n: np.asarray(each.network.parameter(i, _native.VELOCITY)) for i, n in enumerate(each.parameters())}
            for each in (second[2], whole)
        ]
        assert_close(*velocities)
    assert second[2].has_trained
    whole_state = second[2].state_dict()
    for name, array in first[3].items():
        assert array.tobytes() == whole_state[name][: len(array)].tobytes()
    assert set(whole_state) - set(second[3]) == {"fc8.weight", "fc8.bias"}, "the last layer is tower 0's"
    borders, maps, hidden = 2 * 9 * 9, 6 * 4 * 4, 12
    theory = 4 * len(LABELS) * (2 * borders + 2 * maps + hidden)
    assert [first[1], second[1]] == [4 * theory] * 2, "four steps; a tower sends fc8's input or its gradient"


def test_the_last_layer_s_gradient_has_the_bits_of_the_whole():
    whole = tiny_model()
    x = images(whole)
    whole.train_step(x, LABELS, seed=5, step=9)

    def work(towers, communicator):
        towers.train_step(x, LABELS, seed=5, step=9)
        model = tiny_model()
        towers.gather(model)
        return model.state_dict()

    for state in sound(on_towers(tiny_model, work)):
        for name in ("fc8.weight", "fc8.bias", "fc6.weight", "fc6.bias"):
            assert state[name].tobytes() == whole.state_dict()[name].tobytes(), name
        assert_close(state, whole.state_dict())


@pytest.mark.parametrize(
    ("variant", "size", "options"),
    [("chm145", 67, {}), ("paper", 83, {}), ("towers_apart", 67, {}), ("chm145", 67, {"fast_math": True})],
)
def test_the_authors_networks_at_a_small_size(variant, size, options):
    def make():
        without = ("fc7",) if variant == "towers_apart" else ()
        return sa.alexnet(variant, num_classes=5, image_size=size, without=without)

    whole, labels = make(), LABELS[:3]
    x = images(whole, 3)
    expected = [whole.train_step(x, labels, seed=2, step=step, **options) for step in range(2)]

    def work(towers, communicator):
        losses = [towers.train_step(x, labels, seed=2, step=step, **options) for step in range(2)]
        model = make() if communicator.rank == 0 else None
        towers.gather(model)
        return losses, model

    (losses, model), (others, _) = sound(on_towers(make, work))
    assert losses == others
    assert losses[0] == expected[0]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    assert_close(model.state_dict(), whole.state_dict())


def test_frozen_layers_stay_and_velocities_go_on():
    def make():
        model = tiny_model()
        model.freeze("conv1")
        model.train_step(x, LABELS, seed=1, step=0)
        return model

    x = images(tiny_model())
    whole = make()
    whole.train_step(x, LABELS, seed=1, step=1)

    def work(towers, communicator):
        towers.train_step(x, LABELS, seed=1, step=1)
        model = tiny_model()
        towers.gather(model)
        return model.state_dict()

    for state in sound(on_towers(make, work)):
        assert_close(state, whole.state_dict())
        assert state["conv1.weight"].tobytes() == tiny_model().state_dict()["conv1.weight"].tobytes()


def test_without_two_towers_or_two_ranks_nothing_begins():
    with pytest.raises(ValueError, match="the communicator has 1 ranks, expected 2, one for each tower: mpiexec -n 2"):
        Towers(tiny_model(), LocalCommunicator())
    with pytest.raises(TypeError, match="communicator is None"):
        Towers(tiny_model(), None)
    with pytest.raises(TypeError, match="model is 3, expected a Model"):
        Towers(3, LocalCommunicator())
    for error in on_ranks(4, lambda communicator: Towers(tiny_model(), communicator)):
        assert isinstance(error, ValueError)
    for error in on_ranks(2, lambda communicator: Towers(sa.cifar_net("80sec"), communicator)):
        assert isinstance(error, sa.UnsupportedError)
        assert "cifar-80sec" in str(error)
        assert "no two towers" in str(error)
    for error in on_ranks(2, lambda communicator: Towers(tiny_model(), communicator, timeout=-1)):
        assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("other", "what"),
    [(lambda: tiny_model(classes=5), "network"), (lambda: tiny_model(seed=1), "weights")],
)
def test_ranks_with_different_models_are_refused(other, what):
    def run(communicator):
        return Towers(tiny_model() if communicator.rank == 0 else other(), communicator)

    for error in on_ranks(2, run):
        assert isinstance(error, ValueError)
        assert f"the ranks have different {what}: rank 0 has " in str(error)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"step": 4}, "steps: rank 0 has 0; rank 1 has 4"),
        ({"x": lambda x: x + 1}, "images"),
        ({"x": lambda x: x[:3], "labels": LABELS[:3]}, "numbers of images: rank 0 has 7; rank 1 has 3"),
        ({"labels": LABELS[::-1]}, "labels or settings"),
        ({"learning_rate": 0.5}, "labels or settings"),
        ({"labels": LABELS + 9}, "rank 1: train_step: labels"),
        ({"x": lambda x: x[:, :, 1:]}, "rank 1: train_step: x has shape (7, 3, 19, 20), expected [batch, 3, 20, 20]"),
    ],
)
def test_a_different_batch_on_one_rank_updates_neither(changes, what):
    x = images(tiny_model())

    def work(towers, communicator):
        arguments = {"x": x, "labels": LABELS}
        before = towers.state_dict()
        if communicator.rank == 1:
            arguments |= {name: value(x) if callable(value) else value for name, value in changes.items()}
        try:
            towers.train_step(**arguments)
        except ValueError as error:
            after = towers.state_dict()
            assert all(after[name].tobytes() == array.tobytes() for name, array in before.items())
            towers.train_step(x, LABELS)
            return str(error)
        raise AssertionError("nothing was raised")

    messages = sound(on_towers(tiny_model, work))
    assert what in messages[0]


def test_a_loss_that_is_not_finite_updates_neither():
    x = images(tiny_model())

    def work(towers, communicator):
        before = towers.state_dict()
        with pytest.raises(sa.NonFiniteError) as caught:
            towers.train_step(x * np.float32(np.nan), LABELS)
        if communicator.rank == 1:  # whose gradients alone would then overflow
            for network in towers._tower.networks:
                for velocity in by_name(network, _native.VELOCITY).values():
                    velocity[..., ::2], velocity[..., 1::2] = 3.4e38, -3.4e38
        with pytest.raises(sa.NonFiniteError, match=r"would overflow float32 in step 0; nothing was updated"):
            towers.train_step(x, LABELS, learning_rate=1e38, momentum=0.999, weight_decay=0)
        assert all(array.tobytes() == before[name].tobytes() for name, array in towers.state_dict().items())
        return str(caught.value)

    messages = sound(on_towers(tiny_model, work))
    assert "the loss is nan in step 0; nothing was updated" in messages[0]
    assert messages[1] == f"rank 0: {messages[0]}"


def test_an_exception_of_one_rank_ends_the_other():
    x = images(tiny_model())

    def work(towers, communicator):
        towers.train_step(x, LABELS)
        if communicator.rank == 1:
            raise OSError(28, "No space left on device", "/x")
        towers.train_step(x, LABELS, step=1)

    first, second = on_towers(tiny_model, work)
    assert isinstance(first, OSError)
    assert isinstance(second, OSError)
    assert "rank 1: " in str(first)

    def after_the_last_step(towers, communicator):
        towers.train_step(x, LABELS)
        if communicator.rank == 0:
            raise MemoryError("no room")

    first, second = on_towers(tiny_model, after_the_last_step)
    assert isinstance(first, MemoryError)
    assert isinstance(second, MemoryError)


def test_a_gathered_model_must_be_the_same_network():
    def work(towers, communicator):
        for wrong in (tiny_model(classes=5), 7):
            with pytest.raises((ValueError, TypeError)):
                towers.gather(wrong if communicator.rank == 0 else None)
        model = tiny_model(seed=9)
        towers.gather(model)
        return model.state_dict()

    for state in sound(on_towers(tiny_model, work)):
        expected = tiny_model().state_dict()
        assert all(state[name].tobytes() == array.tobytes() for name, array in expected.items())


def test_closed_towers_say_so():
    def run(communicator):
        with Towers(tiny_model(), communicator) as towers:
            pass
        towers.close()
        assert towers.state_dict()
        with pytest.raises(ValueError, match="Towers.forward: the towers have been closed"):
            towers.forward(images(tiny_model()))

    sound(on_ranks(2, run))
