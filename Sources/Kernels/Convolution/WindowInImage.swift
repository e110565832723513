/// The part of an output position's window that lies in the image; the rest is padding.
struct WindowInImage {
  /// Kernel rows and columns.
  let rows: Range<Int>
  let columns: Range<Int>
  /// The image pixel under the first row and column, if there is one.
  let pixel: Int

  var isEmpty: Bool { rows.isEmpty || columns.isEmpty }
}

extension ConvolutionShape {
  /// The window of output position row · outputWidth + column.
  func window(at position: Int) -> WindowInImage {
    let top = position / outputWidth &* strideHeight &- padding.top
    let left = position % outputWidth &* strideWidth &- padding.left
    let rows = Self.taps(of: kernelHeight, at: top, extent: inputHeight)
    let columns = Self.taps(of: kernelWidth, at: left, extent: inputWidth)
    return WindowInImage(
      rows: rows, columns: columns,
      pixel: (top &+ rows.lowerBound) &* inputWidth &+ left &+ columns.lowerBound)
  }

  /// The taps of a kernel beginning at `start` that meet 0 ..< extent.
  private static func taps(of kernel: Int, at start: Int, extent: Int) -> Range<Int> {
    let first = max(0, 0 &- start)
    return Range(uncheckedBounds: (first, max(first, min(kernel, extent &- start))))
  }
}

/// The output positions whose windows read one pixel of the image, numbered row by row.
struct WindowsOverPixel {
  private let rows: Range<Int>
  private let columns: Range<Int>
  private let shape: ConvolutionShape
  private let pixel: Int

  init(_ shape: ConvolutionShape, pixel: Int) {
    rows = Self.windows(
      over: pixel / shape.inputWidth &+ shape.padding.top, kernel: shape.kernelHeight, stride: shape.strideHeight,
      outputs: shape.outputHeight)
    columns = Self.windows(
      over: pixel % shape.inputWidth &+ shape.padding.left, kernel: shape.kernelWidth, stride: shape.strideWidth,
      outputs: shape.outputWidth)
    self.shape = shape
    self.pixel = pixel
  }

  /// The most windows that a pixel can lie in.
  static func most(_ shape: ConvolutionShape) -> Int {
    min(shape.outputHeight, (shape.kernelHeight - 1) / shape.strideHeight + 1)
      * min(shape.outputWidth, (shape.kernelWidth - 1) / shape.strideWidth + 1)
  }

  var count: Int { rows.count &* columns.count }

  /// One of the positions, and the tap of its kernel that meets the pixel.
  subscript(number: Int) -> (position: Int, tap: Int) {
    let row = rows.lowerBound &+ number / columns.count
    let column = columns.lowerBound &+ number % columns.count
    let p = pixel / shape.inputWidth &+ shape.padding.top &- row &* shape.strideHeight
    let q = pixel % shape.inputWidth &+ shape.padding.left &- column &* shape.strideWidth
    return (row &* shape.outputWidth &+ column, p &* shape.kernelWidth &+ q)
  }

  /// The outputs o of 0 ..< outputs with 0 ≤ place - o · stride < kernel.
  private static func windows(over place: Int, kernel: Int, stride: Int, outputs: Int) -> Range<Int> {
    let first = place < kernel ? 0 : (place &- kernel) / stride &+ 1
    return Range(uncheckedBounds: (first, max(first, min(outputs, place / stride &+ 1))))
  }
}
