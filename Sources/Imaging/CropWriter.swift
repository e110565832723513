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

  /// - Parameters:
  ///   - image: the crop's first byte's row is `top`, its column `left`; `width` pixels a row.
  ///   - output: cropHeight × cropWidth × channels floats.
  func write(
    image: UnsafePointer<UInt8>, width: Int, top: Int, left: Int, mirrored: Bool,
    shift: (Float, Float, Float) = (0, 0, 0), output: UnsafeMutablePointer<Float>
  ) {
    let chunk = chunkPixels * channels
    withUnsafeTemporaryAllocation(of: Float.self, capacity: chunk) { means in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: chunk) { scales in
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: chunk) { bytes in
          guard let means = means.baseAddress, let scales = scales.baseAddress, let bytes = bytes.baseAddress else {
            return
          }
          // A shift of the pixel is a shift of the mean the other way.
          let shifts = channels == 3 ? [shift.0, shift.1, shift.2] : []
          for i in 0..<chunk {
            let channel = i % channels
            scales[i] = scale[channel]
            means[i] = channelMeans[channel] - (shifts.isEmpty ? 0 : shifts[channel])
          }
          for row in 0..<cropHeight {
            writeRow(
              row, source: image + ((top + row) * width + left) * channels, mirrored: mirrored, means: means,
              scales: scales, bytes: bytes, output: output + row * cropWidth * channels)
          }
        }
      }
    }
  }

  private func writeRow(
    _ row: Int, source: UnsafePointer<UInt8>, mirrored: Bool, means: UnsafePointer<Float>,
    scales: UnsafePointer<Float>, bytes: UnsafeMutablePointer<UInt8>, output: UnsafeMutablePointer<Float>
  ) {
    var pixel = 0
    while pixel < cropWidth {
      let pixels = min(chunkPixels, cropWidth &- pixel)
      let count = pixels &* channels
      var line = source + pixel &* channels
      if mirrored {
        reverse(pixels, from: source + (cropWidth &- pixel &- pixels) &* channels, to: bytes)
        line = UnsafePointer(bytes)
      }
      let target = output + pixel &* channels
      if meanImage.isEmpty {
        for i in 0..<count { target[i] = (Float(line[i]) - means[i]) * scales[i] }
      } else {
        meanImage.withUnsafeBufferPointer { values in
          guard let values = values.baseAddress else { return }
          let image = values + (meanStart &+ row &* meanStride &+ pixel &* channels)
          for i in 0..<count { target[i] = (Float(line[i]) - (image[i] + means[i])) * scales[i] }
        }
      }
      pixel &+= pixels
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
