import Kernels
import Tensors

@testable import Networks

/// A small net like the paper's: two groups, both norms, all poolings, dropout, three dense layers.
func smallSpec(classes: Int = 5, dropout: Dropout.Form = .paper2012) throws -> NetworkSpec {
  let norm = try ResponseNormalization(size: 5, alpha: 1e-2, beta: 0.75, k: 2, alphaOverN: false)
  let pool = NodeOperation.maxPool(kernel: 3, stride: 2, padding: Padding(0), ceilMode: false)
  return NetworkSpec(
    name: "small", input: FeatureShape(height: 32, width: 30, channels: 3),
    nodes: [
      NodeSpec(
        "conv1",
        .convolution(
          outputs: 8, kernel: 5, stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1), groups: 1)),
      NodeSpec("relu1", .relu), NodeSpec("norm1", .responseNorm(norm, groups: 1)), NodeSpec("pool1", pool),
      NodeSpec("conv2", .convolution(outputs: 12, kernel: 3, stride: 1, padding: Padding(1), groups: 2)),
      NodeSpec("relu2", .relu), NodeSpec("norm2", .responseNorm(norm, groups: 2)), NodeSpec("pool2", pool),
      NodeSpec("fc6", .dense(outputs: 16)), NodeSpec("relu6", .relu),
      NodeSpec("drop6", .dropout(probability: 0.5, form: dropout)),
      NodeSpec("fc8", .dense(outputs: classes)), NodeSpec("prob", .softmax),
    ])
}

func smallNetwork(seed: UInt64 = 1, dropout: Dropout.Form = .paper2012) throws -> Network {
  try Network(spec: smallSpec(dropout: dropout), initialization: .torchvision, seed: seed)
}

/// Values of about ±1, by index.
func randomFloats(_ count: Int, seed: UInt64) -> [Float] {
  let generator = Philox(seed: seed, purpose: .test, step: 0)
  return (0..<count).map { 2 * Philox.unit(generator.words(UInt64($0))[0]) - 1 }
}
