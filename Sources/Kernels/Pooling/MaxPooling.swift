import KernelTemplates
import Tensors

/// Maximum pooling over NHWC tensors (2012 paper, section 3.4: windows of 3, stride 2). Exact.
public enum MaxPooling {
  /// - Parameter argument: one byte per output, kernel row · kernelWidth + kernel column of the first maximum in
  ///   row-major order; nil if no backward pass follows. A NaN in a window becomes its maximum, as in PyTorch.
  public static func forward(
    _ shape: PoolingShape, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    argument: UnsafeMutablePointer<UInt8>?, context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.maxPoolingForward
    let plane = shape.plane
    let imageCount = shape.inputHeight * shape.inputWidth * shape.channels
    let rowCount = shape.outputWidth * shape.channels
    try context.forEach(shape.batch * shape.outputHeight) { item, _ in
      let image = input + item / shape.outputHeight &* imageCount
      let at = item &* rowCount
      kernel(plane, item % shape.outputHeight, image, output + at, argument.map { $0 + at })
    }
  }

  /// Writes `inputGradient`: every output's gradient goes to the input that `argument` names, zero elsewhere.
  public static func backward(
    _ shape: PoolingShape, outputGradient: UnsafePointer<Float>, argument: UnsafePointer<UInt8>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.maxPoolingBackward
    let plane = shape.plane
    let imageCount = shape.outputHeight * shape.outputWidth * shape.channels
    let rowCount = shape.inputWidth * shape.channels
    try context.forEach(shape.batch * shape.inputHeight) { item, _ in
      let at = item / shape.inputHeight &* imageCount
      kernel(
        plane, item % shape.inputHeight, outputGradient + at, argument + at, inputGradient + item &* rowCount)
    }
  }
}
