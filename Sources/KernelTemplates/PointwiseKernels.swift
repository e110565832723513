import Tensors

/// Innermost loops of everything that is not a matrix product. Each entry is the function of the same name in a
/// `…Template`, where its formula and its rules stand, compiled for one instruction set.
///
/// A class, because copying a struct of closures is a weak symbol of the same name in every kernel target, and
/// the linker might keep the one with instructions that this CPU lacks.
public final class PointwiseKernels: Sendable {
  public typealias Source = UnsafePointer<Float>
  public typealias Target = UnsafeMutablePointer<Float>
  public typealias SGD =
    @Sendable (
      _ count: Int, _ rate: Float, _ momentum: Float, _ decay: Float, _ w: Target, _ v: Target, _ g: Source
    ) -> Void

  public typealias TransposeBFloat16 =
    @Sendable (
      _ rows: Int, _ columns: Int, _ input: UnsafePointer<BFloat16>, _ inputStride: Int,
      _ output: UnsafeMutablePointer<BFloat16>, _ outputStride: Int
    ) -> Void

  // MARK: ElementwiseTemplate
  public let reluForward: @Sendable (_ count: Int, _ x: Source, _ y: Target) -> Void
  public let reluBackward: @Sendable (_ count: Int, _ y: Source, _ dy: Source, _ dx: Target) -> Void
  public let scale: @Sendable (_ count: Int, _ factor: Float, _ x: Source, _ y: Target) -> Void
  public let divide: @Sendable (_ count: Int, _ divisor: Float, _ x: Source, _ y: Target) -> Void
  public let add: @Sendable (_ count: Int, _ x: Source, _ sum: Target) -> Void
  public let addQuotient: @Sendable (_ count: Int, _ divisor: Float, _ x: Source, _ sum: Target) -> Void
  public let firstNonFinite: @Sendable (_ count: Int, _ x: Source) -> Int
  public let largestMagnitude: @Sendable (_ count: Int, _ x: Source) -> Float

  // MARK: SquashingTemplate
  public let tanhForward: @Sendable (_ count: Int, _ x: Source, _ y: Target) -> Void
  public let tanhBackward: @Sendable (_ count: Int, _ y: Source, _ dy: Source, _ dx: Target) -> Void
  public let sigmoidForward: @Sendable (_ count: Int, _ x: Source, _ y: Target) -> Void
  public let sigmoidBackward: @Sendable (_ count: Int, _ y: Source, _ dy: Source, _ dx: Target) -> Void

  // MARK: DropoutTemplate
  public let dropout:
    @Sendable (_ count: Int, _ mask: DropoutMask, _ firstBlock: UInt64, _ factor: Float, _ x: Source, _ y: Target) ->
      Void

  // MARK: MaxPoolingTemplate
  public let maxPoolingForward:
    @Sendable (
      _ plane: PoolingPlane, _ row: Int, _ image: Source, _ output: Target, _ argument: UnsafeMutablePointer<UInt8>?
    ) -> Void
  public let maxPoolingBackward:
    @Sendable (
      _ plane: PoolingPlane, _ row: Int, _ outputGradient: Source, _ argument: UnsafePointer<UInt8>,
      _ inputGradient: Target
    ) -> Void

  // MARK: ResponseNormalizationTemplate
  public let responseNormalizationForward:
    @Sendable (
      _ line: ResponseLine, _ lines: Int, _ input: Source, _ output: Target, _ scale: Target?, _ scratch: Target
    ) -> Void
  public let responseNormalizationBackward:
    @Sendable (
      _ line: ResponseLine, _ lines: Int, _ input: Source, _ scale: Source, _ outputGradient: Source,
      _ inputGradient: Target, _ scratch: Target
    ) -> Void

  // MARK: SpatialResponseNormalizationTemplate
  public let spatialNormalizationForward:
    @Sendable (
      _ plane: ResponsePlane, _ rows: Int, _ window: Source, _ input: Source, _ output: Target, _ scale: Target?,
      _ scratch: Target
    ) -> Void
  public let spatialNormalizationRatios:
    @Sendable (
      _ plane: ResponsePlane, _ count: Int, _ x: Source, _ s: Source, _ g: Source, _ direct: Target, _ ratio: Target
    ) -> Void
  public let spatialNormalizationBackward:
    @Sendable (
      _ plane: ResponsePlane, _ rows: Int, _ window: Source, _ input: Source, _ inputGradient: Target,
      _ scratch: Target
    ) -> Void

  // MARK: SoftmaxTemplate, SGDTemplate, TransposeTemplate, TransposeTemplateBFloat16
  public let exponentials: @Sendable (_ classes: Int, _ z: Source, _ output: Target) -> SoftmaxSums
  public let sgdPaper: SGD
  public let sgdPyTorch: SGD
  public let sgdCaffe: SGD
  public let transpose:
    @Sendable (
      _ rows: Int, _ columns: Int, _ input: Source, _ inputStride: Int, _ output: Target, _ outputStride: Int
    ) -> Void
  public let transposeBFloat16: TransposeBFloat16

  public init(
    reluForward: @escaping @Sendable (Int, Source, Target) -> Void,
    reluBackward: @escaping @Sendable (Int, Source, Source, Target) -> Void,
    scale: @escaping @Sendable (Int, Float, Source, Target) -> Void,
    divide: @escaping @Sendable (Int, Float, Source, Target) -> Void,
    add: @escaping @Sendable (Int, Source, Target) -> Void,
    addQuotient: @escaping @Sendable (Int, Float, Source, Target) -> Void,
    firstNonFinite: @escaping @Sendable (Int, Source) -> Int,
    largestMagnitude: @escaping @Sendable (Int, Source) -> Float,
    tanhForward: @escaping @Sendable (Int, Source, Target) -> Void,
    tanhBackward: @escaping @Sendable (Int, Source, Source, Target) -> Void,
    sigmoidForward: @escaping @Sendable (Int, Source, Target) -> Void,
    sigmoidBackward: @escaping @Sendable (Int, Source, Source, Target) -> Void,
    dropout: @escaping @Sendable (Int, DropoutMask, UInt64, Float, Source, Target) -> Void,
    maxPoolingForward:
      @escaping @Sendable (
        PoolingPlane, Int, Source, Target, UnsafeMutablePointer<UInt8>?
      ) -> Void,
    maxPoolingBackward: @escaping @Sendable (PoolingPlane, Int, Source, UnsafePointer<UInt8>, Target) -> Void,
    responseNormalizationForward: @escaping @Sendable (ResponseLine, Int, Source, Target, Target?, Target) -> Void,
    responseNormalizationBackward:
      @escaping @Sendable (
        ResponseLine, Int, Source, Source, Source, Target, Target
      ) -> Void,
    spatialNormalizationForward:
      @escaping @Sendable (
        ResponsePlane, Int, Source, Source, Target, Target?, Target
      ) -> Void,
    spatialNormalizationRatios:
      @escaping @Sendable (
        ResponsePlane, Int, Source, Source, Source, Target, Target
      ) -> Void,
    spatialNormalizationBackward: @escaping @Sendable (ResponsePlane, Int, Source, Source, Target, Target) -> Void,
    exponentials: @escaping @Sendable (Int, Source, Target) -> SoftmaxSums,
    sgdPaper: @escaping SGD,
    sgdPyTorch: @escaping SGD,
    sgdCaffe: @escaping SGD,
    transpose: @escaping @Sendable (Int, Int, Source, Int, Target, Int) -> Void,
    transposeBFloat16: @escaping TransposeBFloat16
  ) {
    self.reluForward = reluForward
    self.reluBackward = reluBackward
    self.scale = scale
    self.divide = divide
    self.add = add
    self.addQuotient = addQuotient
    self.firstNonFinite = firstNonFinite
    self.largestMagnitude = largestMagnitude
    self.tanhForward = tanhForward
    self.tanhBackward = tanhBackward
    self.sigmoidForward = sigmoidForward
    self.sigmoidBackward = sigmoidBackward
    self.dropout = dropout
    self.maxPoolingForward = maxPoolingForward
    self.maxPoolingBackward = maxPoolingBackward
    self.responseNormalizationForward = responseNormalizationForward
    self.responseNormalizationBackward = responseNormalizationBackward
    self.spatialNormalizationForward = spatialNormalizationForward
    self.spatialNormalizationRatios = spatialNormalizationRatios
    self.spatialNormalizationBackward = spatialNormalizationBackward
    self.exponentials = exponentials
    self.sgdPaper = sgdPaper
    self.sgdPyTorch = sgdPyTorch
    self.sgdCaffe = sgdCaffe
    self.transpose = transpose
    self.transposeBFloat16 = transposeBFloat16
  }
}
