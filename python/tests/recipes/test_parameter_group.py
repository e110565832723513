"""Parameter groups: matching names, text, and refusals."""

import pytest

import swiftalexnet as sa


def test_patterns_are_those_of_file_names():
    names = ("conv1.weight", "conv1.bias", "fc8.weight", "Fc8.bias")
    for pattern, expected in (("fc8.*", names[2:3]), ("*.bias", (names[1], names[3])), ("conv?.weight", names[:1])):
        assert tuple(filter(sa.ParameterGroup(pattern).matches, names)) == expected


def test_prints_and_writes_what_differs():
    group = sa.ParameterGroup("fc8.*", 10, 0, sa.EpochSchedule((3,)))
    assert str(group) == "fc8.*: rate × 10; decay × 0; × 0.1 after epoch 3"
    assert str(sa.ParameterGroup("fc8.*")) == "fc8.*: as all others"
    schedule = {"name": "EpochSchedule", "boundaries": (3,), "factor": 0.1}
    assert group.to_json() == {"pattern": "fc8.*", "learning_rate": 10, "weight_decay": 0, "schedule": schedule}


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((3,), TypeError, "pattern"),
        (("",), TypeError, "pattern"),
        (("fc8.*", -1), ValueError, "learning_rate"),
        (("fc8.*", 1, float("inf")), ValueError, "weight_decay"),
        (("fc8.*", True), TypeError, "learning_rate"),
        (("fc8.*", 1, 1, 0.1), TypeError, "schedule"),
    ],
)
def test_refuses_bad_groups(arguments, kind, message):
    with pytest.raises(kind, match=f"ParameterGroup: {message}"):
        sa.ParameterGroup(*arguments)


def test_names_are_texts():
    with pytest.raises(TypeError, match="ParameterGroup.matches: name is 3"):
        sa.ParameterGroup("conv*").matches(3)
