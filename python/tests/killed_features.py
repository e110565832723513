"""A run that a test kills: features of a folder, slowly, every batch committed."""

import sys
import time

from support import tiny_model

from swiftalexnet.inference import feature_files

folder, out, pause = sys.argv[1:]
feature_files.SECONDS_BETWEEN_COMMITS = 0.0
append = feature_files.FeatureFiles.append


def slowly(*given):
    """Append with a pause."""
    append(*given)
    print("written", flush=True)
    time.sleep(float(pause))


feature_files.FeatureFiles.append = slowly
model = tiny_model()
model.features(folder, ["conv1", "fc6"], out=out, batch_size=1)
