"""scikit-learn's own checks of estimators."""

from support import TINY, needs

import swiftalexnet as sa

needs("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402 (after the library was found)

REPEATED = "check_sample_weight_equivalence_on_dense_data"
CLASSIFIER_FAILS = {}


def small_features():
    model = sa.Model.from_spec(TINY.format(channels=1, classes=4), "glorot", 0)
    model.preprocessing = sa.Preprocessing(20, 20, [127.5], scale=[0.02])
    return sa.sklearn.AlexNetFeatures(model)


def fails(estimator):
    return CLASSIFIER_FAILS if isinstance(estimator, sa.sklearn.AlexNetClassifier) else {}


@parametrize_with_checks([sa.sklearn.AlexNetClassifier(epochs=12), small_features()], expected_failed_checks=fails)
def test_checks(estimator, check):
    check(estimator)
