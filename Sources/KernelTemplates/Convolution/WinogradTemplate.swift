/// The transforms of Winograd's minimal filtering (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural
/// Networks"): F(m×m, r×r), the m × m outputs of a correlation with r × r taps from (m + r - 1)² products, where the
/// direct sum needs m² · r². Tiles have 6 × 6 or 8 × 8 inputs, see ``WinogradPoints``.
///
///     Y = Aᵀ [ (G g Gᵀ) ∘ (Bᵀ d B) ] A
///
/// d is the tile of the input, g the kernel, Y the outputs. The gradient of the kernel is the transpose of this in g,
/// with the outputs' gradient in place of Y, and summed over all tiles before the last transform:
///
///     dg = Gᵀ [ Σ (A dY Aᵀ) ∘ (Bᵀ d B) ] G
///
/// Vectors run along the channels: whole ones wherever memory allows, because partial ones would triple the code, and
/// the optimiser stops inlining in a function that has grown too large. The elements of a transformed tile lie
/// `matrixStride` floats apart: the tiles' elements of one kind are the rows of a matrix.
public enum WinogradTemplate<Points: WinogradPoints> {
  @inlinable @inline(__always) static var inputs: Int { Points.inputs }
  /// The most taps along one side of a kernel.
  @inlinable @inline(__always) static var mostTaps: Int { 5 }
  /// Outputs along one side of a tile, for a kernel with this many taps.
  @inlinable @inline(__always) static func outputs(taps: Int) -> Int { inputs &- taps &+ 1 }

  /// Transforms neighbouring tiles of a strip of as many rows as a tile has: [elements][tiles][channels], of one vector
  /// of channels at least.
  /// - Parameter square: inputs² vectors of scratch, here and below.
  @inlinable @inline(__always)
  public static func transformInputs<V: FloatVector>(
    _: V.Type, _ t: WinogradTiles, strip: UnsafePointer<Float>, rowStride: Int, tiles: UnsafeMutablePointer<Float>,
    square: UnsafeMutablePointer<Float>
  ) {
    transformTiles(V.self, t, extent: inputs, strip: strip, rowStride: rowStride, tiles: tiles, square: square) {
      Points.transformInput($0, $1)
    }
  }

  /// The same for the outputs' gradient, a strip of as many rows as a tile has outputs along one side.
  @inlinable @inline(__always)
  public static func transformGradients<V: FloatVector>(
    _: V.Type, _ t: WinogradTiles, strip: UnsafePointer<Float>, rowStride: Int, tiles: UnsafeMutablePointer<Float>,
    square: UnsafeMutablePointer<Float>
  ) {
    let outputs = outputs(taps: t.taps)
    transformTiles(V.self, t, extent: outputs, strip: strip, rowStride: rowStride, tiles: tiles, square: square) {
      Points.evaluate(count: outputs, scaled: false, $0, $1)
    }
  }

  /// - Parameters:
  ///   - extent: rows and columns of a tile before the transform.
  ///   - transform: makes as many values as a tile has inputs of `extent` many.
  @inlinable @inline(__always)
  static func transformTiles<V: FloatVector>(
    _: V.Type, _ t: WinogradTiles, extent: Int, strip: UnsafePointer<Float>, rowStride: Int,
    tiles: UnsafeMutablePointer<Float>, square: UnsafeMutablePointer<Float>,
    _ transform: (_ read: (Int) -> V, _ write: (Int, V) -> Void) -> Void
  ) {
    for tile in 0..<t.count {
      let corner = strip + (tile &* outputs(taps: t.taps) &* t.channels)
      let target = tiles + (tile &* t.tileStride)
      var next = 0
      while next < t.channels {
        // The last vector may overlap the one before it and write the same values again.
        let c = min(next, t.channels &- V.width)
        var column = 0
        while column < extent {
          let (source, place) = (corner + (column &* t.channels &+ c), square + (column &* V.width))
          transform({ V.load(source + $0 &* rowStride) }, { $1.store(place + $0 &* inputs &* V.width) })
          column = column &+ 1
        }
        var row = 0
        while row < inputs {
          let (source, place) = (square + (row &* inputs &* V.width), target + (row &* inputs &* t.matrixStride &+ c))
          transform({ V.load(source + $0 &* V.width) }, { $1.store(place + $0 &* t.matrixStride) })
          row = row &+ 1
        }
        next = next &+ V.width
      }
    }
  }

  /// Transforms `valid` output channels of one input channel's kernels to a row of `columns` (whole vectors) in a panel
  /// for each element, `matrixStride` apart; zeros fill the row.
  @inlinable @inline(__always)
  public static func transformKernels<V: FloatVector>(
    _: V.Type, _ taps: WinogradTaps, columns: Int, valid: Int, kernels: UnsafePointer<Float>,
    transformed: UnsafeMutablePointer<Float>, matrixStride: Int, square: UnsafeMutablePointer<Float>
  ) {
    var n = 0
    while n < columns {
      let lanes = max(0, valid &- n)
      var column = 0
      while column < taps.side {
        let (source, place) = (kernels + (column &* taps.columnStride &+ n), square + (column &* V.width))
        let rows = column < taps.columns ? taps.rows : 0
        Points.evaluate(
          count: taps.side, scaled: true, { V.load(source + $0 &* taps.rowStride, count: $0 < rows ? lanes : 0) },
          { $1.store(place + $0 &* mostTaps &* V.width) })
        column = column &+ 1
      }
      var row = 0
      while row < inputs {
        let source = square + (row &* mostTaps &* V.width)
        let place = transformed + (row &* inputs &* matrixStride &+ n)
        Points.evaluate(
          count: taps.side, scaled: true, { V.load(source + $0 &* V.width) },
          { $1.store(place + $0 &* matrixStride) })
        row = row &+ 1
      }
      n = n &+ V.width
    }
  }

  /// Transforms a row of `valid` output channels in each element's panel, `matrixStride` apart, back to one input
  /// channel's kernels, and adds it to their gradient.
  /// - Parameter products: may be read to the end of a vector.
  @inlinable @inline(__always)
  public static func transformKernelGradients<V: FloatVector>(
    _: V.Type, _ taps: WinogradTaps, valid: Int, products: UnsafePointer<Float>, matrixStride: Int,
    gradients: UnsafeMutablePointer<Float>, square: UnsafeMutablePointer<Float>
  ) {
    var n = 0
    while n < valid {
      let lanes = valid &- n
      var column = 0
      while column < inputs {
        let (source, place) = (products + (column &* matrixStride &+ n), square + (column &* V.width))
        Points.transposedEvaluate(
          count: taps.side, scaled: true, { V.load(source + $0 &* inputs &* matrixStride) },
          { $1.store(place + $0 &* inputs &* V.width) })
        column = column &+ 1
      }
      var row = 0
      while row < taps.rows {
        let source = square + (row &* inputs &* V.width)
        let target = gradients + (row &* taps.rowStride &+ n)
        Points.transposedEvaluate(count: taps.side, scaled: true, { V.load(source + $0 &* V.width) }) {
          let (place, lanes) = (target + $0 &* taps.columnStride, $0 < taps.columns ? lanes : 0)
          (V.load(place, count: lanes) + $1).store(place, count: lanes)
        }
        row = row &+ 1
      }
      n = n &+ V.width
    }
  }

  /// Transforms the products of neighbouring tiles, [elements][tiles][channels], back to `rows` rows of an output, whose
  /// last tile may have fewer columns, and adds the bias; then takes max(0, ·) on request, NaN for NaN.
  /// - Parameters:
  ///   - products, bias: may be read to the end of a vector.
  ///   - output: the first tile's first pixel.
  @inlinable @inline(__always)
  public static func transformOutputs<V: FloatVector>(
    _: V.Type, _ t: WinogradTiles, products: UnsafePointer<Float>, bias: UnsafePointer<Float>, relu: Bool,
    output: UnsafeMutablePointer<Float>, map: WinogradMap, square: UnsafeMutablePointer<Float>
  ) {
    let outputs = outputs(taps: t.taps)
    for tile in 0..<t.count {
      let source = products + (tile &* t.tileStride)
      let target = output + (tile &* outputs &* map.pixelStride)
      let columns = min(outputs, map.columns &- tile &* outputs)
      var n = 0
      while n < t.channels {
        let lanes = t.channels &- n
        var column = 0
        while column < inputs {
          let (m, place) = (source + (column &* t.matrixStride &+ n), square + (column &* V.width))
          Points.transposedEvaluate(
            count: outputs, scaled: false, { V.load(m + $0 &* inputs &* t.matrixStride) },
            { $1.store(place + $0 &* inputs &* V.width) })
          column = column &+ 1
        }
        let start = V.load(bias + n)
        var row = 0
        while row < map.rows {
          let (m, pixel) = (square + (row &* inputs &* V.width), target + (row &* map.rowStride &+ n))
          Points.transposedEvaluate(count: outputs, scaled: false, { V.load(m + $0 &* V.width) }) {
            if $0 < columns { finish($1 + start, relu).store(pixel + $0 &* map.pixelStride, count: lanes) }
          }
          row = row &+ 1
        }
        n = n &+ V.width
      }
    }
  }

  @inlinable @inline(__always)
  static func finish<V: FloatVector>(_ y: V, _ relu: Bool) -> V {
    relu ? V.select(V.isGreater(.zero, y), .zero, y) : y
  }
}

/// The layout of the kernels of one input channel among the weights, whose output channels are contiguous.
public struct WinogradTaps {
  /// Along one side of the kernel, 3 or 5.
  public var side: Int
  /// Those that are there; the others are zeros.
  public var rows: Int
  public var columns: Int
  /// Floats from one tap to the one below it and to the one beside it.
  public var rowStride: Int
  public var columnStride: Int

  public init(side: Int, rows: Int, columns: Int, rowStride: Int, columnStride: Int) {
    self.side = side
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride
    self.columnStride = columnStride
  }
}

/// Neighbouring tiles in the transformed domain.
public struct WinogradTiles {
  public var count: Int
  /// Along one side of the kernel, 3 or 5.
  public var taps: Int
  public var channels: Int
  /// Floats from one tile to the next.
  public var tileStride: Int
  /// Floats from one element of a tile to the next.
  public var matrixStride: Int

  public init(count: Int, taps: Int, channels: Int, tileStride: Int, matrixStride: Int) {
    self.count = count
    self.taps = taps
    self.channels = channels
    self.tileStride = tileStride
    self.matrixStride = matrixStride
  }
}

/// The layout of the outputs of neighbouring tiles: their rows and columns, and the floats between these.
public struct WinogradMap {
  public var rows: Int
  public var columns: Int
  public var rowStride: Int
  public var pixelStride: Int

  public init(rows: Int, columns: Int, rowStride: Int, pixelStride: Int) {
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride
    self.pixelStride = pixelStride
  }
}
