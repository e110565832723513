import Tensors

/// Writes one crop of one image: (byte + shift − mean) · scale, in one pass over the bytes.
///
/// A row goes in chunks of whole pixels. The mean and the scale of a chunk are laid out beside its bytes, so that
/// the inner loop runs over plain numbers and the compiler makes vectors of it, whatever the channels.
struct CropWriter {
  let channels: Int
  let cropHeight: Int
  let cropWidth: Int
  let channelMeans: [Float]
  let scale: [Float]
  let meanImage: [Float]
  /// Index of the mean image's first value under the crop, and its values a row.
  private let meanStart: Int
  private let meanStride: Int
  private let chunkPixels: Int

  /// Chunks of this many floats stay on the stack and in the first-level cache.
  private static let chunkTarget = 128

  init(_ preprocessing: Preprocessing, channels: Int) {
    self.channels = channels
    cropHeight = preprocessing.cropHeight
    cropWidth = preprocessing.cropWidth
    scale = preprocessing.scale.isEmpty ? Array(repeating: 1, count: channels) : preprocessing.scale
    chunkPixels = max(1, min(Self.chunkTarget / channels, cropWidth))
    switch preprocessing.mean {
    case .none:
      (channelMeans, meanImage, meanStart, meanStride) = (Array(repeating: 0, count: channels), [], 0, 0)
    case .channels(let values):
      (channelMeans, meanImage, meanStart, meanStride) = (values, [], 0, 0)
    case .image(let height, let width, let values):
      channelMeans = Array(repeating: 0, count: channels)
      meanImage = values
      meanStart = ((height - cropHeight) / 2 * width + (width - cropWidth) / 2) * channels
      meanStride = width * channels
    }
  }

  var outputCount: Int { cropHeight * cropWidth * channels }

  /// Writes a crop that lies within its image as it is, or mirrored.
  /// - Parameters:
  ///   - image: the crop's first byte's row is `top`, its column `left`; `width` pixels a row.
  ///   - color: added to the red, green and blue of images of three channels.
  ///   - gain: a factor beside the scale.
  ///   - output: cropHeight × cropWidth × channels floats.
  func write(
    image: UnsafePointer<UInt8>, width: Int, top: Int, left: Int, mirrored: Bool,
    color: (Float, Float, Float) = (0, 0, 0), gain: Float = 1, output: UnsafeMutablePointer<Float>
  ) {
    withConstants(color: color, gain: gain) { constants in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: chunkPixels * channels) { bytes in
        guard let bytes = bytes.baseAddress else { return }
        forEachChunk { row, first, pixels in
          let source = image + ((top &+ row) &* width &+ left) &* channels
          var line = source + first &* channels
          if mirrored {
            reverse(pixels, from: source + (cropWidth &- first &- pixels) &* channels, to: bytes)
            line = UnsafePointer(bytes)
          }
          normalize(row: row, first: first, pixels: pixels, constants, output: output) { Float(line[$0]) }
        }
      }
    }
  }

  /// Writes a crop that is turned or reaches over its image's border.
  func write(_ crop: MovedCrop, color: (Float, Float, Float), gain: Float, output: UnsafeMutablePointer<Float>) {
    withConstants(color: color, gain: gain) { constants in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: chunkPixels * channels) { values in
        guard let values = values.baseAddress else { return }
        forEachChunk { row, first, pixels in
          crop.read(row: row, first: first, pixels: pixels, into: values)
          normalize(row: row, first: first, pixels: pixels, constants, output: output) { values[$0] }
        }
      }
    }
  }

  /// Mean and scale beside each value of a chunk.
  private struct Constants {
    let means: UnsafeMutablePointer<Float>
    let scales: UnsafeMutablePointer<Float>
  }

  private func withConstants(color: (Float, Float, Float), gain: Float, _ body: (Constants) -> Void) {
    let chunk = chunkPixels * channels
    withUnsafeTemporaryAllocation(of: Float.self, capacity: chunk) { means in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: chunk) { scales in
        guard let means = means.baseAddress, let scales = scales.baseAddress else { return }
        // A shift of the pixel is a shift of the mean the other way.
        let shifts = channels == 3 ? [color.0, color.1, color.2] : []
        for i in 0..<chunk {
          let channel = i % channels
          scales[i] = scale[channel] * gain
          means[i] = channelMeans[channel] - (shifts.isEmpty ? 0 : shifts[channel])
        }
        body(Constants(means: means, scales: scales))
      }
    }
  }

  @inline(__always)
  private func forEachChunk(_ body: (_ row: Int, _ first: Int, _ pixels: Int) -> Void) {
    for row in 0..<cropHeight {
      var first = 0
      while first < cropWidth {
        let pixels = min(chunkPixels, cropWidth &- first)
        body(row, first, pixels)
        first &+= pixels
      }
    }
  }

  @inline(__always)
  private func normalize(
    row: Int, first: Int, pixels: Int, _ constants: Constants, output: UnsafeMutablePointer<Float>,
    _ value: (Int) -> Float
  ) {
    let (means, scales, count) = (constants.means, constants.scales, pixels &* channels)
    let target = output + (row &* cropWidth &+ first) &* channels
    if meanImage.isEmpty {
      for i in 0..<count { target[i] = (value(i) - means[i]) * scales[i] }
      return
    }
    meanImage.withUnsafeBufferPointer { values in
      guard let values = values.baseAddress else { return }
      let image = values + (meanStart &+ row &* meanStride &+ first &* channels)
      for i in 0..<count { target[i] = (value(i) - (image[i] + means[i])) * scales[i] }
    }
  }

  /// Copies pixels in the opposite order; the channels of a pixel keep theirs.
  private func reverse(_ pixels: Int, from source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>) {
    var from = source + (pixels &- 1) &* channels
    var to = target
    if channels == 3 {
      for _ in 0..<pixels {
        let (red, green, blue) = (from[0], from[1], from[2])
        (to[0], to[1], to[2]) = (red, green, blue)
        from -= 3
        to += 3
      }
      return
    }
    for _ in 0..<pixels {
      for channel in 0..<channels { to[channel] = from[channel] }
      from -= channels
      to += channels
    }
  }
}
