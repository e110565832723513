import Imaging
import Kernels
import Tensors

/// The CIFAR-10 networks of cuda-convnet (example-layers/*.cfg), among them those of section 3.3 of the 2012 paper.
/// Convolutions are 5×5, locally connected layers 3×3, both padded to keep their size; pools are 3×3 with stride 2,
/// rounded up, and averages divide by the part of the window inside the image.
public struct CIFARNet: Architecture {
  public static let family = Catalog.Family.cifar

  enum Step: Sendable {
    case convolution(Int)
    case local(Int)
    case dense(Int)
    case output
    case relu
    case maxPool
    case averagePool
    /// Over 3×3 pixels of the same map (`rnorm`).
    case spatialNorm
    /// Over nine maps (`cmrnorm`).
    case mapNorm
  }

  public let name: String
  public let summary: String
  public let defaultImageSize: Int
  public let defaultInitialization: Initialization
  public let preprocessing: PreprocessingDefaults
  let steps: [Step]

  public let defaultClasses = 10
  public let defaultChannels = 3

  init(
    name: String, summary: String, imageSize: Int, initialization: Initialization,
    preprocessing: PreprocessingDefaults = .cifar, steps: [Step]
  ) {
    self.name = name
    self.summary = summary
    defaultImageSize = imageSize
    defaultInitialization = initialization
    self.preprocessing = preprocessing
    self.steps = steps
  }

  public static let variants = [
    CIFARNet(
      name: "80sec", summary: "cuda-convnet layers-80sec: 26 % test error in 80 seconds", imageSize: 32,
      initialization: .cifar80sec,
      steps: [
        .convolution(32), .maxPool, .relu, .convolution(32), .relu, .averagePool,
        .convolution(64), .relu, .averagePool, .dense(64), .relu, .output,
      ]),
    CIFARNet(
      name: "18pct", summary: "cuda-convnet layers-18pct: two norms within maps, 18 % test error", imageSize: 32,
      initialization: .cifar18pct,
      steps: [
        .convolution(32), .maxPool, .relu, .spatialNorm, .convolution(32), .relu, .averagePool, .spatialNorm,
        .convolution(64), .relu, .averagePool, .output,
      ]),
    CIFARNet(
      name: "19pct", summary: "cuda-convnet layers-19pct: 18pct without norms, 19 % test error", imageSize: 32,
      initialization: .cifar19pct,
      steps: [
        .convolution(32), .maxPool, .relu, .convolution(32), .relu, .averagePool,
        .convolution(64), .relu, .averagePool, .output,
      ]),
    CIFARNet(
      name: "conv-local-13pct", summary: "cuda-convnet layers-conv-local-13pct: locally connected, no norms, crops",
      imageSize: 24, initialization: .cifarConvLocal13pct, preprocessing: .cifarCrops,
      steps: [
        .convolution(64), .relu, .maxPool, .convolution(64), .relu, .maxPool, .local(32), .relu, .local(32), .relu,
        .output,
      ]),
    CIFARNet(
      name: "conv-local-11pct", summary: "cuda-convnet layers-conv-local-11pct: norms across maps, 11 % test error",
      imageSize: 24, initialization: .cifarConvLocal11pct, preprocessing: .cifarCrops,
      steps: [
        .convolution(64), .relu, .maxPool, .mapNorm, .convolution(64), .relu, .mapNorm, .maxPool, .local(64), .relu,
        .local(32), .relu, .output,
      ]),
  ]

  /// Nodes are numbered by the convolution or locally connected layer before them; dense ones by their width.
  public func nodes(classes: Int, input: FeatureShape) throws -> [NodeSpec] {
    var (weighted, number) = (0, 0)
    return try steps.map { step in
      switch step {
      case .convolution, .local:
        weighted += 1
        number = weighted
      case .dense(let outputs): number = outputs
      default: break
      }
      return NodeSpec(step.name(number), try step.operation(classes: classes))
    } + [NodeSpec("prob", .softmax)]
  }
}

extension CIFARNet.Step {
  fileprivate func name(_ number: Int) -> String {
    switch self {
    case .convolution: return "conv\(number)"
    case .local: return "local\(number)"
    case .dense: return "fc\(number)"
    case .output: return "fc10"
    case .relu: return "relu\(number)"
    case .maxPool, .averagePool: return "pool\(number)"
    case .spatialNorm, .mapNorm: return "norm\(number)"
    }
  }

  fileprivate func operation(classes: Int) throws -> NodeOperation {
    switch self {
    case .convolution(let outputs):
      return .convolution(outputs: outputs, kernel: 5, stride: 1, padding: Padding(2), groups: 1)
    case .local(let outputs): return .locallyConnected(outputs: outputs, kernel: 3, stride: 1, padding: Padding(1))
    case .dense(let outputs): return .dense(outputs: outputs)
    case .output: return .dense(outputs: classes)
    case .relu: return .relu
    case .maxPool: return .maxPool(3, stride: 2, ceilMode: true)
    case .averagePool:
      return .averagePool(kernel: 3, stride: 2, padding: Padding(0), ceilMode: true, countIncludePad: false)
    case .spatialNorm:
      return .spatialResponseNorm(
        try ResponseNormalization(size: 3, alpha: 5e-5, beta: 0.75, k: 1, alphaOverN: true))
    case .mapNorm:
      return .responseNorm(
        try ResponseNormalization(size: 9, alpha: 1e-3, beta: 0.75, k: 1, alphaOverN: true), groups: 1)
    }
  }
}
