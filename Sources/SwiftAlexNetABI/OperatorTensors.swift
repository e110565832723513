import Kernels
import Networks
import Tensors

/// The tensors of one operator call: the caller's memory in the engine's order (NHWC, HWIO), copied only if the
/// caller's order differs.
final class OperatorTensors {
  let context: ComputeContext
  private let layout: TensorLayout
  private var owned: [AlignedBuffer<Float>] = []
  private var ownedBytes: [AlignedBuffer<UInt8>] = []

  private init(layout: TensorLayout) throws {
    context = try ComputeContext()
    self.layout = layout
  }

  /// Runs `body` with tensors whose memory lives until it returns.
  static func with(layout: TensorLayout = .nhwc, _ body: (OperatorTensors) throws -> Void) throws {
    let tensors = try OperatorTensors(layout: layout)
    try withExtendedLifetime(tensors) { try body(tensors) }
  }

  func bytes(_ count: Int) throws -> UnsafeMutablePointer<UInt8> {
    let memory = try AlignedBuffer<UInt8>(count: count, operation: "operator")
    ownedBytes.append(memory)
    return memory.pointer
  }

  func floats(_ count: Int) throws -> UnsafeMutablePointer<Float> {
    let memory = try AlignedBuffer<Float>(count: count, operation: "operator")
    owned.append(memory)
    return memory.pointer
  }

  /// A caller's 4-D tensor as NHWC.
  func read(_ x: UnsafePointer<Float>, batch: Int, shape: FeatureShape) throws -> UnsafePointer<Float> {
    guard layout == .nchw else { return x }
    let copy = try floats(batch * shape.count)
    try Layout.nchwToNHWC(
      batch: batch, channels: shape.channels, height: shape.height, width: shape.width, input: x, output: copy,
      context: context)
    return UnsafePointer(copy)
  }

  /// Lets `body` write an NHWC tensor that ends up in the caller's memory in the caller's order.
  func write(
    _ y: UnsafeMutablePointer<Float>, batch: Int, shape: FeatureShape,
    _ body: (UnsafeMutablePointer<Float>) throws -> Void
  ) throws {
    guard layout == .nchw else { return try body(y) }
    let copy = try floats(batch * shape.count)
    try body(copy)
    try Layout.nhwcToNCHW(
      batch: batch, channels: shape.channels, height: shape.height, width: shape.width, input: copy, output: y,
      context: context)
  }

  /// Convolution weights, OIHW as usual outside, in the engine's order [h][w][i][o].
  /// - Parameter places: the number of consecutive weight sets, in both orders.
  func readWeights(_ w: UnsafePointer<Float>, _ shape: ConvolutionShape, places: Int = 1) throws
    -> UnsafePointer<Float>
  {
    let copy = try floats(try shape.weightCount(places))
    shape.forEachWeight(places) { conventional, native in copy[native] = w[conventional] }
    return UnsafePointer(copy)
  }

  /// Lets `body` add to zeroed weights in the engine's order that end up in `w` as OIHW.
  func writeWeights(
    _ w: UnsafeMutablePointer<Float>, _ shape: ConvolutionShape, places: Int = 1,
    _ body: (UnsafeMutablePointer<Float>) throws -> Void
  ) throws {
    let native = try floats(try shape.weightCount(places))
    try body(native)
    shape.forEachWeight(places) { conventional, index in w[conventional] = native[index] }
  }

  /// [rows][columns] as [columns][rows].
  func transpose(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, into y: UnsafeMutablePointer<Float>
  ) throws {
    try Layout.nchwToNHWC(
      batch: 1, channels: rows, height: 1, width: columns, input: x, output: y, context: context)
  }
}

extension ConvolutionShape {
  var inputShape: FeatureShape { FeatureShape(height: inputHeight, width: inputWidth, channels: inputChannels) }
  var outputShape: FeatureShape { FeatureShape(height: outputHeight, width: outputWidth, channels: outputChannels) }
  var weightCount: Int { kernelHeight * kernelWidth * (inputChannels / groups) * outputChannels }

  /// Weights in this many sets.
  func weightCount(_ places: Int) throws -> Int {
    try Extent.product([places, weightCount], operation: "operator")
  }

  /// Every weight's index in OIHW and in [h][w][i][o], in each of this many sets.
  fileprivate func forEachWeight(_ places: Int, _ body: (_ conventional: Int, _ native: Int) -> Void) {
    let (inputs, taps) = (inputChannels / groups, kernelHeight * kernelWidth)
    for place in 0..<places {
      let first = place * weightCount
      for output in 0..<outputChannels {
        for input in 0..<inputs {
          for tap in 0..<taps {
            body(
              first + (output * inputs + input) * taps + tap, first + (tap * inputs + input) * outputChannels + output)
          }
        }
      }
    }
  }
}

extension PoolingShape {
  var inputShape: FeatureShape { FeatureShape(height: inputHeight, width: inputWidth, channels: channels) }
  var outputShape: FeatureShape { FeatureShape(height: outputHeight, width: outputWidth, channels: channels) }
}
