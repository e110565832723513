import KernelTemplates
import Tensors

/// The element type of activations and their gradients: Float or BFloat16.
///
/// Drivers are overloaded on the type; code that serves both types, such as a layer, finds those of one type here.
/// Parameters and their gradients are float32 with either.
public protocol ActivationElement {
  typealias Transpose = (
    _ rows: Int, _ columns: Int, _ input: UnsafePointer<Self>, _ inputStride: Int,
    _ output: UnsafeMutablePointer<Self>, _ outputStride: Int
  ) -> Void
  typealias ReLUForward = (
    _ count: Int, _ input: UnsafePointer<Self>, _ output: UnsafeMutablePointer<Self>, _ context: ComputeContext
  ) throws -> Void
  typealias ReLUBackward = (
    _ count: Int, _ output: UnsafePointer<Self>, _ outputGradient: UnsafePointer<Self>,
    _ inputGradient: UnsafeMutablePointer<Self>, _ context: ComputeContext
  ) throws -> Void

  /// - Parameter fastMath: whether float32 may be computed by ``Winograd``.
  static func convolution(fastMath: Bool) -> ConvolutionDrivers<Self>
  static var dense: DenseDrivers<Self> { get }
  /// The functions of ``Activation``.
  static var reluForward: ReLUForward { get }
  static var reluBackward: ReLUBackward { get }
  static func transpose(of kernels: PointwiseKernels) -> Transpose
}

/// The functions of ``Convolution``, under the same names.
public struct ConvolutionDrivers<Element> {
  public let packedByteCount: (_ shape: ConvolutionShape, _ context: ComputeContext) throws -> Int
  public let pack:
    (
      _ shape: ConvolutionShape, _ weights: UnsafePointer<Float>, _ memory: UnsafeMutableRawPointer,
      _ context: ComputeContext
    ) throws -> Void
  public let forward:
    (
      _ shape: ConvolutionShape, _ input: UnsafePointer<Element>, _ weights: UnsafePointer<Float>,
      _ packed: UnsafeRawPointer?, _ bias: UnsafePointer<Float>?, _ relu: Bool,
      _ output: UnsafeMutablePointer<Element>, _ context: ComputeContext
    ) throws -> Void
  public fileprivate(set) var backwardData:
    (
      _ shape: ConvolutionShape, _ outputGradient: UnsafePointer<Element>, _ weights: UnsafePointer<Float>,
      _ inputGradient: UnsafeMutablePointer<Element>, _ context: ComputeContext
    ) throws -> Void
  public fileprivate(set) var backwardFilter:
    (
      _ shape: ConvolutionShape, _ input: UnsafePointer<Element>, _ outputGradient: UnsafePointer<Element>,
      _ weightGradient: UnsafeMutablePointer<Float>, _ biasGradient: UnsafeMutablePointer<Float>?,
      _ context: ComputeContext
    ) throws -> Void
}

/// The functions of ``Dense``, under the same names.
public struct DenseDrivers<Element> {
  /// From activations in bfloat16.
  public let forward:
    (
      _ batch: Int, _ inputs: Int, _ outputs: Int, _ input: UnsafePointer<BFloat16>, _ weights: UnsafePointer<Float>,
      _ packed: UnsafeRawPointer?, _ bias: UnsafePointer<Float>?, _ relu: Bool,
      _ output: UnsafeMutablePointer<Element>, _ context: ComputeContext
    ) throws -> Void
  public let backwardData:
    (
      _ batch: Int, _ inputs: Int, _ outputs: Int, _ outputGradient: UnsafePointer<Element>,
      _ weights: UnsafePointer<Float>, _ inputGradient: UnsafeMutablePointer<Element>, _ context: ComputeContext
    ) throws -> Void
  public let backwardFilter:
    (
      _ batch: Int, _ inputs: Int, _ outputs: Int, _ input: UnsafePointer<Element>,
      _ outputGradient: UnsafePointer<Element>, _ weightGradient: UnsafeMutablePointer<Float>,
      _ biasGradient: UnsafeMutablePointer<Float>?, _ accumulate: Bool, _ shards: Shards?,
      _ context: ComputeContext
    ) throws -> Void
}

extension Float: ActivationElement {
  public static func convolution(fastMath: Bool) -> ConvolutionDrivers<Float> {
    var drivers = ConvolutionDrivers<Float>(
      packedByteCount: { try Convolution.packedByteCount($0, as: Float.self, context: $1) },
      pack: { try Convolution.pack($0, as: Float.self, weights: $1, into: $2, context: $3) },
      forward: Convolution.forward, backwardData: Convolution.backwardData,
      backwardFilter: Convolution.backwardFilter)
    if fastMath {
      drivers.backwardData = Winograd.backwardDataWhereServed
      drivers.backwardFilter = Winograd.backwardFilterWhereServed
    }
    return drivers
  }

  public static var dense: DenseDrivers<Float> {
    DenseDrivers(
      forward: Dense.forward, backwardData: Dense.backwardData, backwardFilter: Dense.backwardFilter)
  }

  public static var reluForward: ReLUForward { Activation.reluForward }
  public static var reluBackward: ReLUBackward { Activation.reluBackward }
  public static func transpose(of kernels: PointwiseKernels) -> Transpose { kernels.transpose }
}

extension BFloat16: ActivationElement {
  public static func convolution(fastMath: Bool) -> ConvolutionDrivers<BFloat16> {
    ConvolutionDrivers(
      packedByteCount: { try Convolution.packedByteCount($0, as: BFloat16.self, context: $1) },
      pack: { try Convolution.pack($0, as: BFloat16.self, weights: $1, into: $2, context: $3) },
      forward: Convolution.forward, backwardData: Convolution.backwardData,
      backwardFilter: Convolution.backwardFilter)
  }

  public static var dense: DenseDrivers<BFloat16> {
    DenseDrivers(
      forward: Dense.forward, backwardData: Dense.backwardData, backwardFilter: Dense.backwardFilter)
  }

  public static var reluForward: ReLUForward { Activation.reluForward }
  public static var reluBackward: ReLUBackward { Activation.reluBackward }
  public static func transpose(of kernels: PointwiseKernels) -> Transpose { kernels.transposeBFloat16 }
}
