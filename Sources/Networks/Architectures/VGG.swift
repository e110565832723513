import Imaging
import Kernels
import Tensors

/// The networks of Simonyan and Zisserman 2014 (arXiv:1409.1556v6, table 1): blocks of convolutions with a 2×2 pool
/// after each, then fc6, fc7, fc8. Everything is padded to keep its size and followed by a ReLU.
public struct VGG: Architecture {
  public static let family = Catalog.Family.vgg

  public let name: String
  public let summary: String
  /// Sides of the kernels, one list per block; a block's channels are ``channels``.
  let blocks: [[Int]]
  /// Response normalisation after the first convolution, with the constants of the 2012 paper.
  var hasNorm = false
  public var namings: [LayerNaming] = []

  public let defaultClasses = 1000
  public let defaultChannels = 3
  public let defaultImageSize = 224
  public let preprocessing = PreprocessingDefaults.vgg
  /// The paper drew from a deviation of 0.1 and copied weights from A where that did not train; its footnote to section
  /// 3.1 found that Glorot and Bengio's initialisation needs no such help.
  public var defaultInitialization: Initialization { .glorot }

  static let channels = [64, 128, 256, 512, 512]

  /// The authors trained with a derivative of Caffe (section 3.3), whose dropout scales in training and copies at test;
  /// so do torchvision and Keras, which distribute their weights.
  static let dropout = Dropout.Form.inverted

  /// By number of weight layers; C has sixteen too, but VGG-16 usually means D.
  public static let namesElsewhere = ["vgg11": "A", "vgg13": "B", "vgg16": "D", "vgg19": "E"]

  public static let variants = [
    VGG(
      name: "A", summary: "Simonyan, Zisserman 2014, 11 weight layers", blocks: [[3], [3], [3, 3], [3, 3], [3, 3]],
      namings: [.torchvision]),
    VGG(
      name: "A-LRN", summary: "A with response normalisation after conv1_1",
      blocks: [[3], [3], [3, 3], [3, 3], [3, 3]], hasNorm: true),
    VGG(
      name: "B", summary: "Simonyan, Zisserman 2014, 13 weight layers",
      blocks: [[3, 3], [3, 3], [3, 3], [3, 3], [3, 3]], namings: [.torchvision]),
    VGG(
      name: "C", summary: "Simonyan, Zisserman 2014, 16 weight layers, three of them 1×1",
      blocks: [[3, 3], [3, 3], [3, 3, 1], [3, 3, 1], [3, 3, 1]]),
    VGG(
      name: "D", summary: "Simonyan, Zisserman 2014, 16 weight layers: VGG-16",
      blocks: [[3, 3], [3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]], namings: [.torchvision, .keras]),
    VGG(
      name: "E", summary: "Simonyan, Zisserman 2014, 19 weight layers: VGG-19",
      blocks: [[3, 3], [3, 3], [3, 3, 3, 3], [3, 3, 3, 3], [3, 3, 3, 3]], namings: [.torchvision, .keras]),
  ]

  public func nodes(classes: Int, input: FeatureShape) throws -> [NodeSpec] {
    try zip(1..., zip(blocks, Self.channels)).flatMap { try block($0, kernels: $1.0, outputs: $1.1) }
      + classifier(classes: classes)
  }

  private func block(_ number: Int, kernels: [Int], outputs: Int) throws -> [NodeSpec] {
    var nodes: [NodeSpec] = []
    for (place, kernel) in zip(1..., kernels) {
      let convolution = NodeOperation.convolution(
        outputs: outputs, kernel: kernel, stride: 1, padding: Padding(kernel / 2), groups: 1)
      nodes += [NodeSpec("conv\(number)_\(place)", convolution), NodeSpec("relu\(number)_\(place)", .relu)]
    }
    if hasNorm && number == 1 { nodes.append(NodeSpec("norm1_1", try AlexNet.Norm.paper.operation())) }
    return nodes + [NodeSpec("pool\(number)", .maxPool(2, stride: 2, ceilMode: false))]
  }

  private func classifier(classes: Int) -> [NodeSpec] {
    let drop = NodeOperation.dropout(probability: 0.5, form: Self.dropout)
    return [
      NodeSpec("fc6", .dense(outputs: 4096)), NodeSpec("relu6", .relu), NodeSpec("drop6", drop),
      NodeSpec("fc7", .dense(outputs: 4096)), NodeSpec("relu7", .relu), NodeSpec("drop7", drop),
      NodeSpec("fc8", .dense(outputs: classes)), NodeSpec("prob", .softmax),
    ]
  }

  public var kerasNames: [(theirs: String, ours: String)] {
    zip(1..., blocks).flatMap { number, kernels in
      (1...kernels.count).map { ("block\(number)_conv\($0)", "relu\(number)_\($0)") }
        + [("block\(number)_pool", "pool\(number)")]
    } + [("fc1", "relu6"), ("fc2", "relu7"), ("predictions", "prob")]
  }
}
