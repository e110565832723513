/// The transforms of Winograd's minimal filtering (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural
/// Networks"), with tiles of 6 × 6 inputs: F(4×4, 3×3), sixteen outputs of a 3 × 3 correlation from thirty-six
/// products, where the direct sum needs 144, and F(2×2, 5×5), four outputs of a 5 × 5 correlation from as many
/// products, instead of 100.
///
///     Y = Aᵀ [ (G g Gᵀ) ∘ (Bᵀ d B) ] A
///
/// d is the tile of the input, g the kernel, Y the outputs. The gradient of the kernel is the transpose of this in g,
/// with the outputs' gradient in place of Y, and summed over all tiles before the last transform:
///
///     dg = Gᵀ [ Σ (A dY Aᵀ) ∘ (Bᵀ d B) ] G
///
/// The polynomials are evaluated at 0, ±√½, ±√2 and ∞: a fifth
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

  /// The outputs' gradient, zeros after the last of two or four, times A.
  @inlinable @inline(__always)
  static func transformGradient<V: FloatVector>(_ y: (V, V, V, V), last: V) -> (V, V, V, V, V, V) {
    let half = V(repeating: 0.5)
    let (even1, odd1) = (y.0 + half * y.2, V(repeating: rootHalf) * (y.1 + half * y.3))
    let (even2, odd2) = (y.0 + V(repeating: 2) * y.2, V(repeating: root2) * (y.1 + V(repeating: 2) * y.3))
    return (y.0, even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, last)
  }

  /// Six values times Gᵀ; with three taps, the first three are used.
  @inlinable @inline(__always)
  static func transformKernelGradient<V: FloatVector>(_ m: (V, V, V, V, V, V), taps: Int) -> (V, V, V, V, V) {
    let (first, second) = (V(repeating: -2.0 / 3), V(repeating: 1.0 / 6))
    let (even1, odd1) = (first * (m.1 + m.2), first * (V(repeating: rootHalf) * (m.1 - m.2)))
    let (even2, odd2) = (second * (m.3 + m.4), second * (V(repeating: root2) * (m.3 - m.4)))
    let (two, half) = (V(repeating: 2), V(repeating: 0.5))
    let g2 = half * even1 + two * even2
    return (
      m.0 + even1 + even2, odd1 + odd2, taps == 3 ? g2 + m.5 : g2, half * odd1 + two * odd2,
      V(repeating: 0.25) * even1 + V(repeating: 4) * even2 + m.5
    )
  }

  /// Transforms neighbouring tiles of a strip of six rows: [36][tiles][channels], of one vector of channels at least.
  /// - Parameter square: 36 vectors of scratch.
  @inlinable @inline(__always)
  public static func transformInputs<V: FloatVector>(
    _: V.Type, _ t: WinogradTiles, strip: UnsafePointer<Float>, rowStride: Int, tiles: UnsafeMutablePointer<Float>,
    square: UnsafeMutablePointer<Float>
  ) {
    transformTiles(V.self, t, extent: inputs, strip: strip, rowStride: rowStride, tiles: tiles, square: square) {
      transformInput(six(V.self, $0, stride: $1))
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
      let (y0, y1) = (V.load($0), V.load($0 + $1))
      let (y2, y3) = outputs == 2 ? (.zero, .zero) : (V.load($0 + 2 &* $1), V.load($0 + 3 &* $1))
      return transformGradient((y0, y1, y2, y3), last: outputs == 2 ? y1 : y3)
    }
  }

  /// - Parameters:
  ///   - extent: rows and columns of a tile before the transform.
  ///   - transform: makes six values of `extent` many, some floats apart.
  @inlinable @inline(__always)
  static func transformTiles<V: FloatVector>(
    _: V.Type, _ t: WinogradTiles, extent: Int, strip: UnsafePointer<Float>, rowStride: Int,
    tiles: UnsafeMutablePointer<Float>, square: UnsafeMutablePointer<Float>,
    _ transform: (UnsafePointer<Float>, Int) -> (V, V, V, V, V, V)
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
          let d = transform(corner + (column &* t.channels &+ c), rowStride)
          store(d, square + (column &* V.width), stride: inputs &* V.width)
          column = column &+ 1
        }
        var row = 0
        while row < inputs {
          let d = transform(square + (row &* inputs &* V.width), V.width)
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

  /// Transforms a row of `valid` output channels in each of thirty-six panels, `matrixStride` apart, back to one input
  /// channel's kernels, [taps][taps][…] with taps `tapStride` apart, and adds it to their gradient.
  /// - Parameters:
  ///   - products: may be read to the end of a vector.
  ///   - square: 30 vectors of scratch.
  @inlinable @inline(__always)
  public static func transformKernelGradients<V: FloatVector>(
    _: V.Type, taps: Int, valid: Int, products: UnsafePointer<Float>, matrixStride: Int,
    gradients: UnsafeMutablePointer<Float>, tapStride: Int, square: UnsafeMutablePointer<Float>
  ) {
    var n = 0
    while n < valid {
      let lanes = valid &- n
      var column = 0
      while column < inputs {
        let source = products + (column &* matrixStride &+ n)
        let g = transformKernelGradient(six(V.self, source, stride: inputs &* matrixStride), taps: taps)
        let place = square + (column &* V.width)
        g.0.store(place)
        g.1.store(place + inputs &* V.width)
        g.2.store(place + 2 &* inputs &* V.width)
        if taps > 3 { g.3.store(place + 3 &* inputs &* V.width) }
        if taps > 4 { g.4.store(place + 4 &* inputs &* V.width) }
        column = column &+ 1
      }
      var row = 0
      while row < taps {
        let g = transformKernelGradient(
          six(V.self, square + (row &* inputs &* V.width), stride: V.width), taps: taps)
        let target = gradients + (row &* taps &* tapStride &+ n)
        add(g.0, to: target, count: lanes)
        add(g.1, to: target + tapStride, count: lanes)
        add(g.2, to: target + 2 &* tapStride, count: lanes)
        if taps > 3 { add(g.3, to: target + 3 &* tapStride, count: lanes) }
        if taps > 4 { add(g.4, to: target + 4 &* tapStride, count: lanes) }
        row = row &+ 1
      }
      n = n &+ V.width
    }
  }

  @inlinable @inline(__always)
  static func add<V: FloatVector>(_ values: V, to target: UnsafeMutablePointer<Float>, count: Int) {
    (V.load(target, count: count) + values).store(target, count: count)
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
