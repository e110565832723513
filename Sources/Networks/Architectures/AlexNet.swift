import Kernels
import Tensors

/// AlexNet and its variants as rows of one table. Counts of parameters and multiply-accumulates per layer
/// are asserted in the tests.
public struct AlexNet: Sendable {
  enum Normalization: Sendable {
    case none
    /// convolution → ReLU → norm → pool: the paper and bvlc_alexnet.
    case beforePool(Constants)
    /// convolution → ReLU → pool → norm: CaffeNet.
    case afterPool(Constants)

    enum Constants: Sendable {
      /// Krizhevsky et al. 2012, section 3.3, as printed: alpha is not divided by n, k = 2.
      case paper
      /// BVLC's models: alpha divided by n, k = 1.
      case caffe
    }
  }

  enum FirstPadding: Sendable {
    /// Windows past the right and bottom edge, as many as cuda-convnet's rounding up makes: 3 pixels at 224, none
    /// at 227.
    case roundingUp
    case uniform(Int)
  }

  enum Head: Sendable {
    /// fc6 → ReLU → dropout → fc7 → ReLU → dropout → fc8.
    case dropoutBehind(Dropout.Form)
    /// Average pool to 6 × 6, then dropout → fc6 → ReLU → dropout → fc7 → ReLU → fc8, as torchvision has it.
    case adaptiveDropoutBefore
  }

  public let name: String
  /// What it is and where it comes from, for tables and messages.
  public let summary: String
  public let imageSize: Int
  /// Output channels of conv1 … conv5.
  let channels: [Int]
  /// Groups of conv2, conv4 and conv5: the paper's two towers as two groups.
  let towers: Int
  let firstPadding: FirstPadding
  let poolCeilMode: Bool
  let normalization: Normalization
  let head: Head

  public static let variants = [
    AlexNet(
      name: "paper", summary: "Krizhevsky, Sutskever, Hinton 2012, section 3, as printed", imageSize: 224,
      channels: [96, 256, 384, 384, 256], towers: 2, firstPadding: .roundingUp, poolCeilMode: false,
      normalization: .beforePool(.paper), head: .dropoutBehind(.paper2012)),
    AlexNet(
      name: "caffe", summary: "BVLC bvlc_alexnet: LRN alpha/n with k = 1, inverted dropout", imageSize: 227,
      channels: [96, 256, 384, 384, 256], towers: 2, firstPadding: .uniform(0), poolCeilMode: true,
      normalization: .beforePool(.caffe), head: .dropoutBehind(.inverted)),
    AlexNet(
      name: "caffenet", summary: "BVLC bvlc_reference_caffenet: pooling before LRN", imageSize: 227,
      channels: [96, 256, 384, 384, 256], towers: 2, firstPadding: .uniform(0), poolCeilMode: true,
      normalization: .afterPool(.caffe), head: .dropoutBehind(.inverted)),
    AlexNet(
      name: "one_tower", summary: "the paper's net without the division into two towers", imageSize: 224,
      channels: [96, 256, 384, 384, 256], towers: 1, firstPadding: .roundingUp, poolCeilMode: false,
      normalization: .beforePool(.paper), head: .dropoutBehind(.paper2012)),
    AlexNet(
      name: "owt", summary: "Krizhevsky 2014, “One weird trick”, as torchvision.models.alexnet", imageSize: 224,
      channels: [64, 192, 384, 256, 256], towers: 1, firstPadding: .uniform(2), poolCeilMode: false,
      normalization: .none, head: .adaptiveDropoutBefore),
  ]

  /// - Throws: ``EngineError/invalidValue(_:)`` with the names that exist.
  public static func variant(_ name: String) throws -> AlexNet {
    if let found = variants.first(where: { $0.name == name }) { return found }
    throw EngineError.invalidValue(
      "alexnet: got variant '\(name)', expected one of \(variants.map(\.name).joined(separator: ", "))")
  }

  /// The specification for `classes` classes and images of `channels` × `imageSize` × `imageSize`; the
  /// variant's own size when nil.
  public func spec(classes: Int = 1000, channels: Int = 3, imageSize: Int? = nil) throws -> NetworkSpec {
    let size = imageSize ?? self.imageSize
    guard classes >= 1 else { throw EngineError.invalidValue("alexnet: got \(classes) classes, expected at least 1") }
    guard (1...65536).contains(size), (1...65536).contains(channels) else {
      throw EngineError.invalidValue(
        "alexnet: got images of \(channels)×\(size)×\(size), expected sizes from 1 to 65536")
    }
    return NetworkSpec(
      name: name, input: FeatureShape(height: size, width: size, channels: channels),
      nodes: try features(imageSize: size) + classifier(classes: classes))
  }

  private func features(imageSize: Int) throws -> [NodeSpec] {
    var nodes: [NodeSpec] = []
    for stage in 1...5 {
      nodes.append(NodeSpec("conv\(stage)", convolution(stage, imageSize: imageSize)))
      nodes.append(NodeSpec("relu\(stage)", .relu))
      guard [1, 2, 5].contains(stage) else { continue }
      let pool = NodeSpec("pool\(stage)", .maxPool(kernel: 3, stride: 2, padding: Padding(0), ceilMode: poolCeilMode))
      switch normalization {
      case .beforePool(let constants) where stage < 5:
        nodes += [NodeSpec("norm\(stage)", try constants.operation()), pool]
      case .afterPool(let constants) where stage < 5:
        nodes += [pool, NodeSpec("norm\(stage)", try constants.operation())]
      default: nodes.append(pool)
      }
    }
    return nodes
  }

  private func convolution(_ stage: Int, imageSize: Int) -> NodeOperation {
    let outputs = channels[stage - 1]
    switch stage {
    case 1:
      return .convolution(
        outputs: outputs, kernel: 11, stride: 4, padding: firstPadding.padding(imageSize: imageSize), groups: 1)
    case 2: return .convolution(outputs: outputs, kernel: 5, stride: 1, padding: Padding(2), groups: towers)
    case 3: return .convolution(outputs: outputs, kernel: 3, stride: 1, padding: Padding(1), groups: 1)
    default: return .convolution(outputs: outputs, kernel: 3, stride: 1, padding: Padding(1), groups: towers)
    }
  }

  private func classifier(classes: Int) -> [NodeSpec] {
    let dense = [4096, 4096].enumerated().map { NodeSpec("fc\($0 + 6)", .dense(outputs: $1)) }
    let output = [NodeSpec("fc8", .dense(outputs: classes)), NodeSpec("prob", .softmax)]
    switch head {
    case .dropoutBehind(let form):
      let drop = NodeOperation.dropout(probability: 0.5, form: form)
      return [
        dense[0], NodeSpec("relu6", .relu), NodeSpec("drop6", drop),
        dense[1], NodeSpec("relu7", .relu), NodeSpec("drop7", drop),
      ] + output
    case .adaptiveDropoutBefore:
      let drop = NodeOperation.dropout(probability: 0.5, form: .inverted)
      return [
        NodeSpec("avgpool", .adaptiveAveragePool(size: 6)), NodeSpec("drop5", drop),
        dense[0], NodeSpec("relu6", .relu), NodeSpec("drop6", drop),
        dense[1], NodeSpec("relu7", .relu),
      ] + output
    }
  }
}

extension AlexNet.FirstPadding {
  fileprivate func padding(imageSize: Int) -> Padding {
    switch self {
    case .uniform(let all): return Padding(all)
    case .roundingUp:
      let past = (4 - (imageSize - 11) % 4) % 4
      return imageSize < 11 ? Padding(0) : Padding(top: 0, left: 0, bottom: past, right: past)
    }
  }
}

extension AlexNet.Normalization.Constants {
  /// Over the whole layer with n = 5, beta = 0.75, alpha = 1e-4.
  fileprivate func operation() throws -> NodeOperation {
    let norm = try ResponseNormalization(
      size: 5, alpha: 1e-4, beta: 0.75, k: self == .paper ? 2 : 1, alphaOverN: self == .caffe)
    return .responseNorm(norm, groups: 1)
  }
}
