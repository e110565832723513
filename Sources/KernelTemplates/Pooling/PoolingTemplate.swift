/// The geometry of pooling over one image, height × width × channels (channels innermost). The window of
/// output (oh, ow) starts at input (oh·strideHeight − paddingTop, ow·strideWidth − paddingLeft) and is clipped
/// to the image; the caller's sizes never leave a window empty.
public struct PoolingPlane: Sendable {
  public var inputHeight, inputWidth, channels: Int
  public var outputHeight, outputWidth: Int
  public var kernelHeight, kernelWidth: Int
  public var strideHeight, strideWidth: Int
  public var paddingTop, paddingLeft: Int

  public init(
    inputHeight: Int, inputWidth: Int, channels: Int, outputHeight: Int, outputWidth: Int,
    kernelHeight: Int, kernelWidth: Int, strideHeight: Int, strideWidth: Int, paddingTop: Int, paddingLeft: Int
  ) {
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.channels = channels
    self.outputHeight = outputHeight
    self.outputWidth = outputWidth
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.strideHeight = strideHeight
    self.strideWidth = strideWidth
    self.paddingTop = paddingTop
    self.paddingLeft = paddingLeft
  }

  /// The first output along one axis whose window contains `input`.
  @inlinable @inline(__always)
  public static func firstWindow(_ input: Int, padding: Int, kernel: Int, stride: Int) -> Int {
    let reach = input &+ padding &- kernel &+ 1
    return reach <= 0 ? 0 : (reach &- 1) / stride &+ 1
  }

  /// One past the last such output.
  @inlinable @inline(__always)
  public static func endWindow(_ input: Int, padding: Int, stride: Int, outputs: Int) -> Int {
    min(outputs, (input &+ padding) / stride &+ 1)
  }
}

/// Maximum pooling, one row of one image at a time, vectors along the channels. The argument of a maximum is
/// one byte, kernel row · kernelWidth + kernel column. The first maximum in row-major order wins; a NaN wins over
/// everything before it and over numbers after it (PyTorch's rule).
public enum MaxPoolingTemplate {
  /// Writes output row `oh`: `output` and `argument` point at its first pixel, `image` at the image.
  @inlinable @inline(__always)
  public static func forward<V: FloatVector>(
    _: V.Type, _ p: PoolingPlane, row oh: Int, image: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    argument: UnsafeMutablePointer<UInt8>?
  ) {
    let top = oh &* p.strideHeight &- p.paddingTop
    let (firstRow, endRow) = (max(0, top), min(p.inputHeight, top &+ p.kernelHeight))
    var ow = 0
    while ow < p.outputWidth {
      let left = ow &* p.strideWidth &- p.paddingLeft
      let (firstColumn, endColumn) = (max(0, left), min(p.inputWidth, left &+ p.kernelWidth))
      let corner = image + (firstRow &* p.inputWidth &+ firstColumn) &* p.channels
      let pixel = ow &* p.channels
      ElementwiseTemplate.sweep(V.self, p.channels) { c, lanes in
        var best = V.load(corner + c, count: lanes)
        guard let argument else {
          forEachInWindow(p, firstRow..<endRow, firstColumn..<endColumn, image + c) { source, _, _ in
            let value = V.load(source, count: lanes)
            best = V.select(V.isGreater(value, best) | V.isNaN(value), value, best)
          }
          return best.store(output + (pixel &+ c), count: lanes)
        }
        var place = V.Integers(
          repeating: Int32(truncatingIfNeeded: (firstRow &- top) &* p.kernelWidth &+ (firstColumn &- left)))
        forEachInWindow(p, firstRow..<endRow, firstColumn..<endColumn, image + c) { source, row, column in
          let value = V.load(source, count: lanes)
          let wins = V.isGreater(value, best) | V.isNaN(value)
          best = V.select(wins, value, best)
          let k = (row &- top) &* p.kernelWidth &+ (column &- left)
          place = V.Integers.select(wins, V.Integers(repeating: Int32(truncatingIfNeeded: k)), place)
        }
        best.store(output + (pixel &+ c), count: lanes)
        place.store(argument + (pixel &+ c), count: lanes)
      }
      ow &+= 1
    }
  }

  /// Calls `body` with the address, row and column of every pixel of a non-empty window.
  @inlinable @inline(__always)
  static func forEachInWindow(
    _ p: PoolingPlane, _ rows: Range<Int>, _ columns: Range<Int>, _ image: UnsafePointer<Float>,
    _ body: (_ source: UnsafePointer<Float>, _ row: Int, _ column: Int) -> Void
  ) {
    var row = rows.lowerBound
    while row < rows.upperBound {
      var source = image + (row &* p.inputWidth &+ columns.lowerBound) &* p.channels
      var column = columns.lowerBound
      while column < columns.upperBound {
        body(source, row, column)
        source += p.channels
        column &+= 1
      }
      row &+= 1
    }
  }

  /// Writes input-gradient row `ih`: each input gathers the gradients of the windows that it won, in row-major
  /// order of the windows. `outputGradient` and `argument` point at the image's first output.
  @inlinable @inline(__always)
  public static func backward<V: FloatVector>(
    _: V.Type, _ p: PoolingPlane, row ih: Int, outputGradient: UnsafePointer<Float>,
    argument: UnsafePointer<UInt8>, inputGradient: UnsafeMutablePointer<Float>
  ) {
    let firstRow = PoolingPlane.firstWindow(
      ih, padding: p.paddingTop, kernel: p.kernelHeight, stride: p.strideHeight)
    let endRow = PoolingPlane.endWindow(
      ih, padding: p.paddingTop, stride: p.strideHeight, outputs: p.outputHeight)
    var iw = 0
    while iw < p.inputWidth {
      let firstColumn = PoolingPlane.firstWindow(
        iw, padding: p.paddingLeft, kernel: p.kernelWidth, stride: p.strideWidth)
      let endColumn = PoolingPlane.endWindow(
        iw, padding: p.paddingLeft, stride: p.strideWidth, outputs: p.outputWidth)
      let target = inputGradient + iw &* p.channels
      ElementwiseTemplate.sweep(V.self, p.channels) { c, lanes in
        var sum = V.zero
        var oh = firstRow
        while oh < endRow {
          let kernelRow = (ih &+ p.paddingTop &- oh &* p.strideHeight) &* p.kernelWidth
          var ow = firstColumn
          while ow < endColumn {
            let k = kernelRow &+ (iw &+ p.paddingLeft &- ow &* p.strideWidth)
            let at = (oh &* p.outputWidth &+ ow) &* p.channels &+ c
            let won = V.Integers.isEqual(
              V.Integers.load(argument + at, count: lanes), V.Integers(repeating: Int32(truncatingIfNeeded: k)))
            sum = sum + V.select(won, V.load(outputGradient + at, count: lanes), .zero)
            ow &+= 1
          }
          oh &+= 1
        }
        sum.store(target + c, count: lanes)
      }
      iw &+= 1
    }
  }
}
