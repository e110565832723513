import KernelTemplates
import Tensors

extension MaxPooling {
  /// ``forward(_:input:output:argument:context:)`` for bytes of one quantisation: the larger byte is the larger number.
  public static func forward(
    _ shape: PoolingShape, input: UnsafePointer<UInt8>, output: UnsafeMutablePointer<UInt8>, context: ComputeContext
  ) throws {
    let (raise, channels) = (context.kernels.int8.raise, shape.channels)
    let imageCount = shape.inputHeight * shape.inputWidth * channels
    try context.forEach(shape.batch * shape.outputHeight) { item, _ in
      let image = input + item / shape.outputHeight &* imageCount
      let top = item % shape.outputHeight &* shape.strideHeight &- shape.padding.top
      let rows = max(0, top)..<min(shape.inputHeight, top &+ shape.kernelHeight)
      for column in 0..<shape.outputWidth {
        let left = column &* shape.strideWidth &- shape.padding.left
        let columns = max(0, left)..<min(shape.inputWidth, left &+ shape.kernelWidth)
        let target = output + (item &* shape.outputWidth &+ column) &* channels
        target.update(
          from: image + (rows.lowerBound &* shape.inputWidth &+ columns.lowerBound) &* channels, count: channels)
        for row in rows {
          for pixel in columns { raise(channels, image + (row &* shape.inputWidth &+ pixel) &* channels, target) }
        }
      }
    }
  }
}
