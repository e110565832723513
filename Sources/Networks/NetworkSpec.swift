import Kernels
import Tensors

/// A network as a value: named nodes in a chain, each reading the one before it. No memory, no parameters;
/// ``Network`` is built from it. Architectures are tables of such values.
public struct NetworkSpec: Hashable, Sendable {
  /// The architecture's name: `paper`, `owt` …
  public var name: String
  /// One image as the network takes it.
  public var input: FeatureShape
  public var nodes: [NodeSpec]

  public init(name: String, input: FeatureShape, nodes: [NodeSpec]) {
    self.name = name
    self.input = input
    self.nodes = nodes
  }
}

/// One node: Caffe's name for it and what it computes.
public struct NodeSpec: Hashable, Sendable {
  public var name: String
  public var operation: NodeOperation

  public init(_ name: String, _ operation: NodeOperation) {
    self.name = name
    self.operation = operation
  }
}

public enum NodeOperation: Hashable, Sendable {
  case convolution(outputs: Int, kernel: Int, stride: Int, padding: Padding, groups: Int)
  /// A convolution whose weights and biases are not shared between positions (cuda-convnet's `local`).
  case locallyConnected(outputs: Int, kernel: Int, stride: Int, padding: Padding)
  case relu
  case tanh
  case sigmoid
  /// `groups`: the window never crosses a group of channels (a tower); 1 is the whole layer.
  case responseNorm(ResponseNormalization, groups: Int)
  /// Over a square window of the same channel (cuda-convnet's `rnorm`); `size`, not its square, is the window's side.
  case spatialResponseNorm(ResponseNormalization)
  case maxPool(kernel: Int, stride: Int, padding: Padding, ceilMode: Bool)
  /// The mean of each window. `countIncludePad`: whether the divisor counts the window's padding; cuda-convnet's does not.
  case averagePool(kernel: Int, stride: Int, padding: Padding, ceilMode: Bool, countIncludePad: Bool)
  /// Averages to `size` × `size` whatever comes in (torchvision's AdaptiveAvgPool2d).
  case adaptiveAveragePool(size: Int)
  /// Reads a feature map as a vector in the order channels, height, width.
  case dense(outputs: Int)
  case dropout(probability: Float, form: Dropout.Form)
  case softmax

  /// The word for it in specifications and tables.
  public var kind: String {
    switch self {
    case .convolution: return "convolution"
    case .locallyConnected: return "locally_connected"
    case .relu: return "relu"
    case .tanh: return "tanh"
    case .sigmoid: return "sigmoid"
    case .responseNorm: return "response_norm"
    case .spatialResponseNorm: return "spatial_response_norm"
    case .maxPool: return "max_pool"
    case .averagePool: return "average_pool"
    case .adaptiveAveragePool: return "adaptive_average_pool"
    case .dense: return "dense"
    case .dropout: return "dropout"
    case .softmax: return "softmax"
    }
  }
}
