"""scikit-learn is imported when an estimator is asked for, and not before."""

import subprocess
import sys

import pytest

import swiftalexnet as sa

WITHOUT = "import sys; sys.modules['sklearn'] = None; import swiftalexnet as sa; "


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_import_of_the_package_and_the_room_does_not_import_it():
    done = run("import sys, swiftalexnet as sa; sa.sklearn; dir(sa.sklearn); print('sklearn' in sys.modules)")
    assert done.stdout == "False\n", done.stderr


def test_without_it_the_extra_is_named():
    done = run(WITHOUT + "sa.sklearn.AlexNetClassifier")
    assert "ImportError: sklearn.AlexNetClassifier needs sklearn: pip install 'swiftalexnet[sklearn]'" in done.stderr


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'AlexNet'"):
        sa.sklearn.AlexNet  # noqa: B018
