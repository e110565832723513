/// The transforms of Winograd's minimal filtering (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural
/// Networks"), with tiles of 6 × 6 inputs: F(4×4, 3×3), sixteen outputs of a 3 × 3 correlation from thirty-six
/// products, where the direct sum needs 144, and F(2×2, 5×5), four outputs of a 5 × 5 correlation from as many
/// products, instead of 100.
///
///     Y = Aᵀ [ (G g Gᵀ) ∘ (Bᵀ d B) ] A
///
/// d is the tile of the input, g the kernel, Y the outputs. The polynomials are evaluated at 0, ±√½, ±√2 and ∞: a fifth
/// of the error of the usual 0, ±1, ±2 and ∞, because no power of a point is far from 1. Bᵀ depends only on these
/// points and serves both sizes.
///
/// Vectors run along the channels: whole ones wherever memory allows, because partial ones would triple the code, and
/// the optimiser stops inlining in a function that has grown too large. The thirty-six elements of a transformed tile
/// lie `matrixStride` floats apart: the tiles' elements of one kind are the rows of a matrix.
public enum WinogradTemplate {
  /// Inputs along one side of a tile.
  @inlinable @inline(__always) public static var inputs: Int { 6 }
  /// Elements of a transformed tile.
  @inlinable @inline(__always) public static var elements: Int { inputs * inputs }
  /// The most taps along one side of a kernel.
  @inlinable @inline(__always) public static var mostTaps: Int { 5 }
  /// Outputs along one side of a tile, for a kernel with this many taps.
  @inlinable @inline(__always) public static func outputs(taps: Int) -> Int { inputs &- taps &+ 1 }

  @usableFromInline static let rootHalf: Float = 0.70710678118654752
  @usableFromInline static let root2: Float = 1.41421356237309505

  /// Six values times Bᵀ.
  @inlinable @inline(__always)
  static func transformInput<V: FloatVector>(_ d: (V, V, V, V, V, V)) -> (V, V, V, V, V, V) {
    let (two, half) = (V(repeating: 2), V(repeating: 0.5))
    let (even1, odd1) = (d.4 - two * d.2, V(repeating: rootHalf) * (d.3 - two * d.1))
    let (even2, odd2) = (d.4 - half * d.2, V(repeating: root2) * (d.3 - half * d.1))
    let middle = V(repeating: 2.5)
    return (
      d.0 - middle * d.2 + d.4, even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, d.1 - middle * d.3 + d.5
    )
  }

  /// The taps of a kernel, zeros after the last, times G.
  @inlinable @inline(__always)
  static func transformKernel<V: FloatVector>(_ g: (V, V, V, V, V), last: V) -> (V, V, V, V, V, V) {
    let (two, half) = (V(repeating: 2), V(repeating: 0.5))
    let (first, second) = (V(repeating: -2.0 / 3), V(repeating: 1.0 / 6))
    let even1 = first * (g.0 + half * (g.2 + half * g.4))
    let odd1 = first * (V(repeating: rootHalf) * (g.1 + half * g.3))
    let even2 = second * (g.0 + two * (g.2 + two * g.4))
    let odd2 = second * (V(repeating: root2) * (g.1 + two * g.3))
    return (g.0, even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, last)
  }

  /// Six values times Aᵀ; with two outputs, the first two are used.
  @inlinable @inline(__always)
  static func transformOutput<V: FloatVector>(_ m: (V, V, V, V, V, V), outputs: Int) -> (V, V, V, V) {
    let (sum1, difference1) = (m.1 + m.2, m.1 - m.2)
    let (sum2, difference2) = (m.3 + m.4, m.3 - m.4)
    let y1 = V(repeating: rootHalf) * difference1 + V(repeating: root2) * difference2
    return (
      m.0 + sum1 + sum2, outputs == 2 ? y1 + m.5 : y1, V(repeating: 0.5) * sum1 + V(repeating: 2) * sum2,
      V(repeating: 0.5 * rootHalf) * difference1 + V(repeating: 2 * root2) * difference2 + m.5
    )
  }

  /// Transforms neighbouring tiles of a strip of six rows: [36][tiles][channels], of one vector of channels at least.
  /// - Parameter square: 36 vectors of scratch.
  @inlinable @inline(__always)
  public static func transformInputs<V: FloatVector>(
    _: V.Type, _ t: WinogradTiles, strip: UnsafePointer<Float>, rowStride: Int, tiles: UnsafeMutablePointer<Float>,
    square: UnsafeMutablePointer<Float>
  ) {
    for tile in 0..<t.count {
      let corner = strip + (tile &* outputs(taps: t.taps) &* t.channels)
      let target = tiles + (tile &* t.tileStride)
      var next = 0
      while next < t.channels {
        // The last vector may overlap the one before it and write the same values again.
        let c = min(next, t.channels &- V.width)
        var column = 0
        while column < inputs {
          let d = transformInput(six(V.self, corner + (column &* t.channels &+ c), stride: rowStride))
          store(d, square + (column &* V.width), stride: inputs &* V.width)
          column = column &+ 1
        }
        var row = 0
        while row < inputs {
          let d = transformInput(six(V.self, square + (row &* inputs &* V.width), stride: V.width))
          store(d, target + (row &* inputs &* t.matrixStride &+ c), stride: t.matrixStride)
          row = row &+ 1
        }
        next = next &+ V.width
      }
    }
  }

  /// Transforms `valid` output channels of one input channel's kernels, [taps][taps][…] with taps `tapStride` apart, to
  /// a row of `columns` (whole vectors) in each of thirty-six panels, `matrixStride` apart; zeros fill the row.
  /// - Parameter square: 30 vectors of scratch.
  @inlinable @inline(__always)
  public static func transformKernels<V: FloatVector>(
    _: V.Type, taps: Int, columns: Int, valid: Int, kernels: UnsafePointer<Float>, tapStride: Int,
    transformed: UnsafeMutablePointer<Float>, matrixStride: Int, square: UnsafeMutablePointer<Float>
  ) {
    var n = 0
    while n < columns {
      let lanes = max(0, valid &- n)
      var column = 0
      while column < taps {
        let source = kernels + (column &* tapStride &+ n)
        let g = transformKernel(taps) { V.load(source + ($0 &* taps &* tapStride), count: lanes) }
        store(g, square + (column &* V.width), stride: mostTaps &* V.width)
        column = column &+ 1
      }
      var row = 0
      while row < inputs {
        let source = square + (row &* mostTaps &* V.width)
        let g = transformKernel(taps) { V.load(source + $0 &* V.width) }
        store(g, transformed + (row &* inputs &* matrixStride &+ n), stride: matrixStride)
        row = row &+ 1
      }
      n = n &+ V.width
    }
  }

  @inlinable @inline(__always)
  static func transformKernel<V: FloatVector>(_ taps: Int, _ tap: (Int) -> V) -> (V, V, V, V, V, V) {
    let (three, four) = (taps > 3 ? tap(3) : .zero, taps > 4 ? tap(4) : .zero)
    return transformKernel((tap(0), tap(1), tap(2), three, four), last: tap(taps &- 1))
  }

  /// Transforms the products of neighbouring tiles, [36][tiles][channels], back to `rows` rows of an output, whose last
  /// tile may have fewer columns, and adds the bias; then takes max(0, ·) on request, NaN for NaN.
  /// - Parameters:
  ///   - products, bias: may be read to the end of a vector.
  ///   - output: the first tile's first pixel.
  ///   - square: 24 vectors of scratch.
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
          let m = transformOutput(
            six(V.self, source + (column &* t.matrixStride &+ n), stride: inputs &* t.matrixStride), outputs: outputs)
          let place = square + (column &* V.width)
          m.0.store(place)
          m.1.store(place + inputs &* V.width)
          m.2.store(place + 2 &* inputs &* V.width)
          m.3.store(place + 3 &* inputs &* V.width)
          column = column &+ 1
        }
        let start = V.load(bias + n)
        var row = 0
        while row < map.rows {
          let y = transformOutput(
            six(V.self, square + (row &* inputs &* V.width), stride: V.width), outputs: outputs)
          let pixel = target + (row &* map.rowStride &+ n)
          finish(y.0 + start, relu).store(pixel, count: lanes)
          if columns > 1 { finish(y.1 + start, relu).store(pixel + map.pixelStride, count: lanes) }
          if columns > 2 { finish(y.2 + start, relu).store(pixel + 2 &* map.pixelStride, count: lanes) }
          if columns > 3 { finish(y.3 + start, relu).store(pixel + 3 &* map.pixelStride, count: lanes) }
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

  @inlinable @inline(__always)
  static func six<V: FloatVector>(_: V.Type, _ source: UnsafePointer<Float>, stride: Int) -> (V, V, V, V, V, V) {
    (
      V.load(source), V.load(source + stride), V.load(source + 2 &* stride), V.load(source + 3 &* stride),
      V.load(source + 4 &* stride), V.load(source + 5 &* stride)
    )
  }

  @inlinable @inline(__always)
  static func store<V: FloatVector>(
    _ values: (V, V, V, V, V, V), _ target: UnsafeMutablePointer<Float>, stride: Int
  ) {
    values.0.store(target)
    values.1.store(target + stride)
    values.2.store(target + 2 &* stride)
    values.3.store(target + 3 &* stride)
    values.4.store(target + 4 &* stride)
    values.5.store(target + 5 &* stride)
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
