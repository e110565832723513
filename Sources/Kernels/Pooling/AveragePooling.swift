import KernelTemplates
import Tensors

/// Average pooling over NHWC tensors: the sum of a window, taken in row-major order, divided by a divisor.
public enum AveragePooling {
  /// - Parameter countIncludePad: whether the divisor counts the window's padding (as in PyTorch and Caffe; a window
  ///   that `ceilMode` lets extend past the padding is clipped there). Otherwise it counts the image's pixels.
  public static func forward(
    _ shape: PoolingShape, countIncludePad: Bool, input: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try windows(shape, countIncludePad).forward(
      batch: shape.batch, channels: shape.channels, input: input, output: output, context: context)
  }

  /// Writes `inputGradient`.
  public static func backward(
    _ shape: PoolingShape, countIncludePad: Bool, outputGradient: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try windows(shape, countIncludePad).backward(
      batch: shape.batch, channels: shape.channels, outputGradient: outputGradient, inputGradient: inputGradient,
      context: context)
  }

  private static func windows(_ s: PoolingShape, _ countIncludePad: Bool) -> AverageWindows {
    AverageWindows(
      rows: .sliding(
        inputs: s.inputHeight, outputs: s.outputHeight, kernel: s.kernelHeight, stride: s.strideHeight,
        before: s.padding.top, after: s.padding.bottom, countIncludePad: countIncludePad),
      columns: .sliding(
        inputs: s.inputWidth, outputs: s.outputWidth, kernel: s.kernelWidth, stride: s.strideWidth,
        before: s.padding.left, after: s.padding.right, countIncludePad: countIncludePad))
  }
}

/// Average pooling to a given size: window i of an axis is ⌊i·in/out⌋ ..< ⌈(i+1)·in/out⌉ (PyTorch's rule, used in
/// torchvision's networks before the dense layers).
public enum AdaptiveAveragePooling {
  public static func forward(
    batch: Int, inputHeight: Int, inputWidth: Int, channels: Int, outputHeight: Int, outputWidth: Int,
    input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let windows = AverageWindows(
      rows: .adaptive(inputs: inputHeight, outputs: outputHeight),
      columns: .adaptive(inputs: inputWidth, outputs: outputWidth))
    try windows.forward(batch: batch, channels: channels, input: input, output: output, context: context)
  }

  /// Writes `inputGradient`.
  public static func backward(
    batch: Int, inputHeight: Int, inputWidth: Int, channels: Int, outputHeight: Int, outputWidth: Int,
    outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let windows = AverageWindows(
      rows: .adaptive(inputs: inputHeight, outputs: outputHeight),
      columns: .adaptive(inputs: inputWidth, outputs: outputWidth))
    try windows.backward(
      batch: batch, channels: channels, outputGradient: outputGradient, inputGradient: inputGradient,
      context: context)
  }
}

/// The windows of an average pooling along one axis.
enum AverageAxis: Sendable {
  case sliding(
    inputs: Int, outputs: Int, kernel: Int, stride: Int, before: Int, after: Int, countIncludePad: Bool)
  case adaptive(inputs: Int, outputs: Int)

  var inputs: Int {
    switch self {
    case .sliding(let inputs, _, _, _, _, _, _), .adaptive(let inputs, _): return inputs
    }
  }

  var outputs: Int {
    switch self {
    case .sliding(_, let outputs, _, _, _, _, _), .adaptive(_, let outputs): return outputs
    }
  }

  /// The inputs of output `i`, and the number counted by the divisor.
  func window(_ i: Int) -> (first: Int, end: Int, divisor: Int) {
    switch self {
    case .sliding(let inputs, _, let kernel, let stride, let before, let after, let countIncludePad):
      let start = i &* stride &- before
      let (first, end) = (max(0, start), min(inputs, start &+ kernel))
      return (first, end, countIncludePad ? min(start &+ kernel, inputs &+ after) &- start : end &- first)
    case .adaptive(let inputs, let outputs):
      let first = i &* inputs / outputs
      let end = ((i &+ 1) &* inputs &+ outputs &- 1) / outputs
      return (first, end, end &- first)
    }
  }

  /// The outputs whose windows hold input `i`.
  func outputs(holding i: Int) -> (first: Int, end: Int) {
    switch self {
    case .sliding(_, let outputs, let kernel, let stride, let before, _, _):
      return (
        PoolingPlane.firstWindow(i, padding: before, kernel: kernel, stride: stride),
        PoolingPlane.endWindow(i, padding: before, stride: stride, outputs: outputs)
      )
    case .adaptive(let inputs, let outputs):
      return (i &* outputs / inputs, ((i &+ 1) &* outputs &+ inputs &- 1) / inputs)
    }
  }
}

/// Average pooling with any windows that are the product of two axes.
struct AverageWindows: Sendable {
  let rows: AverageAxis
  let columns: AverageAxis

  func forward(
    batch: Int, channels: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let (add, divide) = (context.kernels.pointwise.add, context.kernels.pointwise.divide)
    let rowCount = columns.inputs * channels
    try context.forEach(batch * rows.outputs) { item, _ in
      let image = input + item / rows.outputs &* rows.inputs &* rowCount
      let vertical = rows.window(item % rows.outputs)
      for column in 0..<columns.outputs {
        let horizontal = columns.window(column)
        let target = output + (item &* columns.outputs &+ column) &* channels
        target.update(repeating: 0, count: channels)
        for row in vertical.first..<vertical.end {
          for pixel in horizontal.first..<horizontal.end {
            add(channels, image + (row &* rowCount &+ pixel &* channels), target)
          }
        }
        divide(channels, Float(vertical.divisor &* horizontal.divisor), target, target)
      }
    }
  }

  func backward(
    batch: Int, channels: Int, outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let addQuotient = context.kernels.pointwise.addQuotient
    let rowCount = columns.outputs * channels
    try context.forEach(batch * rows.inputs) { item, _ in
      let image = outputGradient + item / rows.inputs &* rows.outputs &* rowCount
      let vertical = rows.outputs(holding: item % rows.inputs)
      for column in 0..<columns.inputs {
        let horizontal = columns.outputs(holding: column)
        let target = inputGradient + (item &* columns.inputs &+ column) &* channels
        target.update(repeating: 0, count: channels)
        for row in stride(from: vertical.first, to: vertical.end, by: 1) {
          let height = rows.window(row).divisor
          for pixel in stride(from: horizontal.first, to: horizontal.end, by: 1) {
            let divisor = Float(height &* columns.window(pixel).divisor)
            addQuotient(channels, divisor, image + (row &* rowCount &+ pixel &* channels), target)
          }
        }
      }
    }
  }
}
