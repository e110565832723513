"""Make the small files of Caffe that the tests read, with OpenCV's answers: python make_caffe_files.py FOLDER.

OpenCV computes the answers to `nets.image` less the mean pixel, blue, green, red; they go to caffe_answers.json.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
from formats.caffe import nets

MEAN = (104.0, 117.0, 123.0)  # blue, green, red

NETS = {
    "caffe_alexnet": (nets.alexnet_like(True), nets.ALEXNET_SHAPES, False, 99),
    "caffe_caffenet_old": (
        nets.old(nets.alexnet_like(False, nets.input_dim(3, 99))),
        nets.ALEXNET_SHAPES,
        True,
        99,
    ),
    "caffe_vgg_old": (nets.old(nets.vgg_like(nets.input_dim(3, 32))), nets.VGG_SHAPES, True, 32),
}


def main(folder):
    answers = {}
    for name, (text, shapes, is_legacy, size) in NETS.items():
        prototxt, caffemodel = folder / f"{name}.prototxt", folder / f"{name}.caffemodel"
        prototxt.write_text(text)
        caffemodel.write_bytes(nets.caffemodel(text, shapes, seed=len(name), is_legacy=is_legacy))
        net = cv2.dnn.readNetFromCaffe(str(prototxt), str(caffemodel))
        net.setInput(cv2.dnn.blobFromImage(nets.image(size)[..., ::-1], mean=MEAN))
        answers[name] = {"size": size, "mean": MEAN, "logits": net.forward("fc8").ravel().tolist()}
    (folder / "caffe_answers.json").write_text(json.dumps(answers, indent=1) + "\n")
    mean = np.arange(3 * 24 * 24, dtype=np.float32).reshape(1, 3, 24, 24) / 8
    holder = nets.schema.message("LayerParameter", "test")
    nets.add_blob(holder, mean, is_legacy=True)
    (folder / "caffe_mean.binaryproto").write_bytes(holder.blobs[0].SerializeToString())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
