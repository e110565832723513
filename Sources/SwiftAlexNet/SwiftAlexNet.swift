/// What a Swift program imports: networks, training, evaluation and images under one name.
@_exported import Evaluation
@_exported import Imaging
@_exported import Kernels
@_exported import Networks
@_exported import Parallel
@_exported import Tensors
@_exported import Training
