import Tensors

/// Resizes one uint8 image by two passes of weighted sums, down the columns and then along the rows.
///
/// Sums are float32 in a fixed order, and nothing is rounded between the passes: a pixel has the same bits whatever
/// part of the resized image is computed.
public enum Resampling {
  /// One axis: output i is Σ weights[i · taps + k] · input[starts[i] + k], k < taps.
  public struct Axis {
    let starts: UnsafeBufferPointer<Int32>
    let weights: UnsafeBufferPointer<Float>
    let taps: Int
    /// The part of the input that is read.
    let range: Range<Int>

    /// - Parameters:
    ///   - weights: `taps` of them for each start.
    ///   - length: pixels of the input.
    /// - Throws: ``EngineError/invalidValue(_:)`` for weights outside the input.
    public init(
      starts: UnsafeBufferPointer<Int32>, weights: UnsafeBufferPointer<Float>, taps: Int, length: Int
    ) throws {
      guard let first = starts.min().map(Int.init), let last = starts.max().map(Int.init), taps >= 1,
        weights.count / taps == starts.count, weights.count % taps == 0, first >= 0, taps <= length - last
      else {
        throw EngineError.invalidValue(
          "resample: got \(weights.count) weights, \(taps) from each of \(starts.count) starts, "
            + "expected them to lie within \(length) pixels")
      }
      (self.starts, self.weights, self.taps, range) = (starts, weights, taps, first..<last + taps)
    }
  }

  /// Writes rows.starts.count × columns.starts.count × channels bytes, rounded and clamped to 0 … 255.
  public static func apply(
    image: UnsafePointer<UInt8>, width: Int, channels: Int, rows: Axis, columns: Axis,
    output: UnsafeMutablePointer<UInt8>
  ) throws {
    let (count, stride) = (columns.range.count * channels, width * channels)
    let line = try AlignedBuffer<Float>(count: count, operation: "resample")
    let source = image + columns.range.lowerBound * channels
    let outputStride = columns.starts.count * channels
    for (i, start) in rows.starts.enumerated() {
      sum(source + Int(start) * stride, stride: stride, rows, at: i, into: line.pointer, count: count)
      sum(line.pointer, columns, channels: channels, into: output + i * outputStride)
    }
  }

  /// One row of the first pass: whole rows of the image, added with their weights.
  private static func sum(
    _ source: UnsafePointer<UInt8>, stride: Int, _ rows: Axis, at i: Int, into line: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    let weights = rows.weights[i &* rows.taps..<(i &+ 1) &* rows.taps]
    for x in 0..<count { line[x] = 0 }
    for (k, weight) in weights.enumerated() where weight != 0 {
      let row = source + k &* stride
      for x in 0..<count { line[x] += weight * Float(row[x]) }
    }
  }

  /// One row of the second pass, four channels at a time; surplus channels of the last four are discarded.
  private static func sum(
    _ line: UnsafePointer<Float>, _ columns: Axis, channels: Int, into output: UnsafeMutablePointer<UInt8>
  ) {
    guard let weights = columns.weights.baseAddress else { return }
    for (j, start) in columns.starts.enumerated() {
      let pixel = line + (Int(start) &- columns.range.lowerBound) &* channels
      var first = 0
      while first < channels {
        var total = SIMD4<Float>.zero
        for k in 0..<columns.taps {
          let values = UnsafeRawPointer(pixel + (k &* channels &+ first)).loadUnaligned(as: SIMD4<Float>.self)
          total += values * weights[j &* columns.taps &+ k]
        }
        for lane in 0..<min(4, channels &- first) { output[j &* channels &+ first &+ lane] = byte(total[lane]) }
        first &+= 4
      }
    }
  }

  /// Rounded and clamped to 0 … 255; NaN becomes 0.
  private static func byte(_ level: Float) -> UInt8 {
    level > 0 ? UInt8(min(level + 0.5, 255)) : 0
  }
}
