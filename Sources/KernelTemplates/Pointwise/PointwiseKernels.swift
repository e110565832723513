import Tensors

/// Innermost loops of everything that is not a matrix product. Each entry is the function of the same name in a
/// `…Template`, which documents its formula and rules, compiled for one instruction set.
///
/// A class, because copying a struct of closures emits a weak symbol of the same name in every kernel target, and the
/// linker might keep one with instructions that this CPU lacks.
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
  public let squaredNorm: @Sendable (_ count: Int, _ x: Source) -> Double

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

  // MARK: PerceptualTemplate, SquaredDistanceTemplate
  public let perceptualDistances:
    @Sendable (_ lines: Int, _ channels: Int, _ a: Source, _ b: Source, _ weights: Source, _ output: Target) -> Void
  public let perceptualGradients:
    @Sendable (
      _ lines: Int, _ channels: Int, _ a: Source, _ b: Source, _ weights: Source, _ outputGradient: Source,
      _ inputGradient: Target
    ) -> Void
  public let perceptualEmbedding:
    @Sendable (_ lines: Int, _ channels: Int, _ a: Source, _ factors: Source, _ output: Target) -> Void
  public let squaredDistances:
    @Sendable (
      _ count: Int, _ a: Source, _ b: Source, _ stride: Int, _ rows: Int, _ sums: UnsafeMutablePointer<Double>
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

  /// The kernels of an instruction set, compiled where it is called: see ``InstructionSet``.
  @inlinable @inline(__always)
  public init<I: InstructionSet, V: FloatVector & SIMD & SendableMetatype>(of _: I.Type, vector _: V.Type)
  where V.Scalar == Float {
    reluForward = { ElementwiseTemplate.reluForward(V.self, count: $0, x: $1, y: $2) }
    reluBackward = { ElementwiseTemplate.reluBackward(V.self, count: $0, y: $1, dy: $2, dx: $3) }
    scale = { ElementwiseTemplate.scale(V.self, count: $0, factor: $1, x: $2, y: $3) }
    divide = { ElementwiseTemplate.divide(V.self, count: $0, divisor: $1, x: $2, y: $3) }
    add = { ElementwiseTemplate.add(V.self, count: $0, x: $1, sum: $2) }
    addQuotient = { ElementwiseTemplate.addQuotient(V.self, count: $0, divisor: $1, x: $2, sum: $3) }
    firstNonFinite = { ElementwiseTemplate.firstNonFinite(V.self, count: $0, x: $1) }
    largestMagnitude = { ElementwiseTemplate.largestMagnitude(V.self, count: $0, x: $1) }
    squaredNorm = { ElementwiseTemplate.squaredNorm(V.self, count: $0, x: $1) }
    tanhForward = { SquashingTemplate.tanhForward(V.self, count: $0, x: $1, y: $2) }
    tanhBackward = { SquashingTemplate.tanhBackward(V.self, count: $0, y: $1, dy: $2, dx: $3) }
    sigmoidForward = { SquashingTemplate.sigmoidForward(V.self, count: $0, x: $1, y: $2) }
    sigmoidBackward = { SquashingTemplate.sigmoidBackward(V.self, count: $0, y: $1, dy: $2, dx: $3) }
    dropout = { DropoutTemplate.apply(I.self, count: $0, mask: $1, firstBlock: $2, factor: $3, x: $4, y: $5) }
    maxPoolingForward = {
      MaxPoolingTemplate.forward(V.self, $0, row: $1, image: $2, output: $3, argument: $4)
    }
    maxPoolingBackward = {
      MaxPoolingTemplate.backward(V.self, $0, row: $1, outputGradient: $2, argument: $3, inputGradient: $4)
    }
    responseNormalizationForward = {
      ResponseNormalizationTemplate.forward(
        V.self, $0, lines: $1, input: $2, output: $3, scale: $4, scratch: $5)
    }
    responseNormalizationBackward = {
      ResponseNormalizationTemplate.backward(
        V.self, $0, lines: $1, input: $2, scale: $3, outputGradient: $4, inputGradient: $5, scratch: $6)
    }
    spatialNormalizationForward = {
      SpatialResponseNormalizationTemplate.forward(
        V.self, $0, rows: $1, window: $2, input: $3, output: $4, scale: $5, scratch: $6)
    }
    spatialNormalizationRatios = {
      SpatialResponseNormalizationTemplate.ratios(V.self, $0, count: $1, x: $2, s: $3, g: $4, direct: $5, ratio: $6)
    }
    spatialNormalizationBackward = {
      SpatialResponseNormalizationTemplate.backward(
        V.self, $0, rows: $1, window: $2, input: $3, inputGradient: $4, scratch: $5)
    }
    perceptualDistances = {
      PerceptualTemplate.distances(V.self, channels: $1, lines: $0, a: $2, b: $3, weights: $4, output: $5)
    }
    perceptualGradients = {
      PerceptualTemplate.gradients(
        V.self, channels: $1, lines: $0, a: $2, b: $3, weights: $4, outputGradient: $5, inputGradient: $6)
    }
    perceptualEmbedding = {
      PerceptualTemplate.embedding(V.self, channels: $1, lines: $0, a: $2, factors: $3, output: $4)
    }
    squaredDistances = {
      SquaredDistanceTemplate.add(V.self, count: $0, a: $1, b: $2, stride: $3, rows: $4, sums: $5)
    }
    exponentials = { SoftmaxTemplate.exponentials(V.self, classes: $0, z: $1, output: $2) }
    sgdPaper = {
      SGDTemplate.paper(V.self, count: $0, rate: $1, momentum: $2, decay: $3, w: $4, v: $5, g: $6)
    }
    sgdPyTorch = {
      SGDTemplate.pytorch(V.self, count: $0, rate: $1, momentum: $2, decay: $3, w: $4, v: $5, g: $6)
    }
    sgdCaffe = {
      SGDTemplate.caffe(V.self, count: $0, rate: $1, momentum: $2, decay: $3, w: $4, v: $5, g: $6)
    }
    transpose = {
      TransposeTemplate.transpose(
        I.self, rows: $0, columns: $1, input: $2, inputStride: $3, output: $4, outputStride: $5)
    }
    transposeBFloat16 = {
      TransposeTemplateBFloat16.transpose(
        I.self, rows: $0, columns: $1, input: $2, inputStride: $3, output: $4, outputStride: $5)
    }
  }
}
