import Imaging
import Kernels
import Tensors

/// AlexNet and its relatives: how a row of the table (``variants``) becomes nodes. Counts of parameters and
/// multiply-accumulates per layer are asserted in the tests.
public struct AlexNet: Architecture {
  public static let family = Catalog.Family.alexnet

  /// A convolution and what follows it.
  struct Stage: Sendable {
    enum Step: Sendable { case relu, norm, spatialNorm, pool }

    let outputs: Int
    let kernel: Int
    let stride: Int
    let padding: StagePadding
    let groups: Int
    let then: [Step]

    init(
      _ outputs: Int, kernel: Int, stride: Int = 1, padding: StagePadding, groups: Int = 1, then: [Step]
    ) {
      self.outputs = outputs
      self.kernel = kernel
      self.stride = stride
      self.padding = padding
      self.groups = groups
      self.then = then
    }
  }

  enum StagePadding: Sendable {
    /// Windows past the right and bottom edge, as many as cuda-convnet's rounding up gives: 3 pixels at 224, none at
    /// 227.
    case roundingUp
    case uniform(Int)
  }

  struct Pool: Sendable {
    let size: Int
    let stride: Int
    let ceilMode: Bool
  }

  /// Response normalisation with n = 5, alpha = 1e-4, beta = 0.75.
  struct Norm: Sendable {
    let k: Float
    let alphaOverN: Bool
    /// 2: within each tower.
    let groups: Int
  }

  enum Head: Sendable {
    /// fc6 → ReLU → dropout → fc7 → ReLU → dropout → fc8.
    case dropoutBehind(Dropout.Form)
    /// Average pool to 6 × 6, then dropout → fc6 → ReLU → dropout → fc7 → ReLU → fc8, as torchvision has it.
    case adaptiveDropoutBefore
    /// fc6 and fc7 in two groups, as convolutions over the whole map: each tower reads only its own half.
    case towersApart(fc6: Int, fc7: Int)
  }

  public let name: String
  public let summary: String
  public let defaultClasses: Int
  public let defaultChannels: Int
  public let defaultImageSize: Int
  public let defaultInitialization: Initialization
  public let preprocessing: PreprocessingDefaults
  public let namings: [LayerNaming]
  let stages: [Stage]
  let pool: Pool
  let norm: Norm
  let head: Head

  init(
    name: String, summary: String, classes: Int = 1000, channels: Int = 3, imageSize: Int = 224,
    initialization: Initialization, preprocessing: PreprocessingDefaults = .cudaConvnet, namings: [LayerNaming] = [],
    stages: [Stage], pool: Pool, norm: Norm = .paper, head: Head
  ) {
    self.name = name
    self.summary = summary
    defaultClasses = classes
    defaultChannels = channels
    defaultImageSize = imageSize
    defaultInitialization = initialization
    self.preprocessing = preprocessing
    self.namings = namings
    self.stages = stages
    self.pool = pool
    self.norm = norm
    self.head = head
  }

  public func nodes(classes: Int, input: FeatureShape) throws -> [NodeSpec] {
    let features = try stages.enumerated().flatMap { try $1.nodes(number: $0 + 1, of: self, input: input) }
    return features + (try head.nodes(classes: classes, features: features, input: input))
  }
}

extension AlexNet.Stage {
  /// conv1 relu1 norm1 pool1 … in this stage's order.
  fileprivate func nodes(number: Int, of net: AlexNet, input: FeatureShape) throws -> [NodeSpec] {
    let convolution = NodeOperation.convolution(
      outputs: outputs, kernel: kernel, stride: stride, padding: padding.padding(self, imageSize: input.height),
      groups: groups)
    return [NodeSpec("conv\(number)", convolution)]
      + (try then.map { step in
        switch step {
        // relu6 is the one after fc6.
        case .relu: return NodeSpec(number <= 5 ? "relu\(number)" : "relu_conv\(number)", .relu)
        case .norm: return NodeSpec("norm\(number)", try net.norm.operation())
        case .spatialNorm: return NodeSpec("spatial_norm\(number)", try AlexNet.Norm.spatial())
        case .pool:
          return NodeSpec(
            "pool\(number)", .maxPool(net.pool.size, stride: net.pool.stride, ceilMode: net.pool.ceilMode))
        }
      })
  }
}

extension AlexNet.StagePadding {
  fileprivate func padding(_ stage: AlexNet.Stage, imageSize: Int) -> Padding {
    switch self {
    case .uniform(let all): return Padding(all)
    case .roundingUp:
      guard imageSize >= stage.kernel else { return Padding(0) }
      let past = (stage.stride - (imageSize - stage.kernel) % stage.stride) % stage.stride
      return Padding(top: 0, left: 0, bottom: past, right: past)
    }
  }
}

extension AlexNet.Norm {
  /// Krizhevsky et al. 2012, section 3.3, as printed: alpha not divided by n, over the whole layer.
  static let paper = AlexNet.Norm(k: 2, alphaOverN: false, groups: 1)
  /// The authors' run: alpha divided by n, within each tower.
  static let run145 = AlexNet.Norm(k: 2, alphaOverN: true, groups: 2)
  /// BVLC's models: alpha divided by n, k = 1.
  static let caffe = AlexNet.Norm(k: 1, alphaOverN: true, groups: 1)

  func operation() throws -> NodeOperation {
    .responseNorm(
      try ResponseNormalization(size: 5, alpha: 1e-4, beta: 0.75, k: k, alphaOverN: alphaOverN), groups: groups)
  }

  /// The norm in the authors' run that the paper does not mention, over 5 × 5 pixels of the same map.
  fileprivate static func spatial() throws -> NodeOperation {
    .spatialResponseNorm(try ResponseNormalization(size: 5, alpha: 1e-3, beta: 0.75, k: 1, alphaOverN: true))
  }
}

extension AlexNet.Head {
  fileprivate func nodes(classes: Int, features: [NodeSpec], input: FeatureShape) throws -> [NodeSpec] {
    switch self {
    case .dropoutBehind(let form):
      return Self.dropoutBehind(form, fc6: .dense(outputs: 4096), fc7: .dense(outputs: 4096), classes: classes)
    case .adaptiveDropoutBefore:
      let drop = NodeOperation.dropout(probability: 0.5, form: .inverted)
      return [
        NodeSpec("avgpool", .adaptiveAveragePool(size: 6)), NodeSpec("drop5", drop),
        NodeSpec("fc6", .dense(outputs: 4096)), NodeSpec("relu6", .relu), NodeSpec("drop6", drop),
        NodeSpec("fc7", .dense(outputs: 4096)), NodeSpec("relu7", .relu),
        NodeSpec("fc8", .dense(outputs: classes)), NodeSpec("prob", .softmax),
      ]
    case .towersApart(let fc6, let fc7):
      let map = try NetworkSpec(name: "alexnet", input: input, nodes: features).outputShapes().last ?? input
      func towers(_ outputs: Int, kernel: Int) -> NodeOperation {
        .convolution(outputs: outputs, kernel: kernel, stride: 1, padding: Padding(0), groups: 2)
      }
      return Self.dropoutBehind(
        .paper2012, fc6: towers(fc6, kernel: map.height), fc7: towers(fc7, kernel: 1), classes: classes)
    }
  }

  private static func dropoutBehind(
    _ form: Dropout.Form, fc6: NodeOperation, fc7: NodeOperation, classes: Int
  ) -> [NodeSpec] {
    let drop = NodeOperation.dropout(probability: 0.5, form: form)
    return [
      NodeSpec("fc6", fc6), NodeSpec("relu6", .relu), NodeSpec("drop6", drop),
      NodeSpec("fc7", fc7), NodeSpec("relu7", .relu), NodeSpec("drop7", drop),
      NodeSpec("fc8", .dense(outputs: classes)), NodeSpec("prob", .softmax),
    ]
  }
}
