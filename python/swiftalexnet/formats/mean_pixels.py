"""Means of ILSVRC-2012's training images that published weights were trained with: blue, green, red, 0 … 255."""

# BVLC/caffe, examples/00-classification.ipynb: the mean over ilsvrc_2012_mean.npy.
CAFFE = (104.00698793, 116.66876762, 122.67891434)
# Simonyan and Zisserman's models (gist.github.com/ksimonyan/211839e770f7b538e2d8), and Keras's of the same weights.
VGG = (103.939, 116.779, 123.68)
