import Tensors

/// Writes one crop of one image: (byte + shift − mean) · scale, in one pass over the bytes.
///
/// A row is processed in chunks of whole pixels. Mean and scale are laid out value by value for a chunk, so that the
/// compiler can vectorise the inner loop for any number of channels.
struct CropWriter {
  let channels: Int
  let cropHeight: Int
  let cropWidth: Int
  let channelMeans: [Float]
  let scale: [Float]
  let meanImage: [Float]
  private let meanPlace: MeanPlace
  private let chunkPixels: Int

  /// Chunks of this many floats stay on the stack and in the L1 cache.
  private static let chunkTarget = 128

  /// - Parameters height, width: the images' size, which decides whether a mean image matches them pixel by pixel.
  init(_ preprocessing: Preprocessing, height: Int, width: Int, channels: Int) {
    self.channels = channels
    cropHeight = preprocessing.cropHeight
    cropWidth = preprocessing.cropWidth
    scale = preprocessing.scale.isEmpty ? Array(repeating: 1, count: channels) : preprocessing.scale
    chunkPixels = max(1, min(Self.chunkTarget / channels, cropWidth))
    switch preprocessing.mean {
    case .none:
      (channelMeans, meanImage, meanPlace) = (Array(repeating: 0, count: channels), [], MeanPlace())
    case .channels(let values):
      (channelMeans, meanImage, meanPlace) = (values, [], MeanPlace())
    case .image(let meanHeight, let meanWidth, let values):
      (channelMeans, meanImage) = (Array(repeating: 0, count: channels), values)
      meanPlace = MeanPlace(
        top: (meanHeight - cropHeight) / 2, left: (meanWidth - cropWidth) / 2, stride: meanWidth * channels,
        followsCrop: preprocessing.meanPosition == .crop && (meanHeight, meanWidth) == (height, width))
    }
  }

  var outputCount: Int { cropHeight * cropWidth * channels }

  /// Writes a crop that lies within its image, unchanged or mirrored.
  /// - Parameters:
  ///   - image: points to the crop's first byte, at row `top` and column `left`; `width` pixels per row.
  ///   - color: added to the red, green and blue of images of three channels.
  ///   - gain: a factor in addition to the scale.
  ///   - output: cropHeight × cropWidth × channels floats.
  func write(
    image: UnsafePointer<UInt8>, width: Int, top: Int, left: Int, mirrored: Bool,
    color: (Float, Float, Float) = (0, 0, 0), gain: Float = 1, output: UnsafeMutablePointer<Float>
  ) {
    let place = meanPlace.under(top: top, left: left, mirrored: mirrored)
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
          normalize(row: row, first: first, pixels: pixels, constants, place, output: output) { Float(line[$0]) }
        }
      }
    }
  }

  /// Writes a crop that is rotated or extends past its image's border. For the mean image, `top` and `left` are its
  /// place before it was moved, which lies within the image.
  func write(
    _ crop: MovedCrop, top: Int, left: Int, color: (Float, Float, Float), gain: Float,
    output: UnsafeMutablePointer<Float>
  ) {
    let place = meanPlace.under(top: top, left: left, mirrored: crop.mirrored)
    withConstants(color: color, gain: gain) { constants in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: chunkPixels * channels) { values in
        guard let values = values.baseAddress else { return }
        forEachChunk { row, first, pixels in
          crop.read(row: row, first: first, pixels: pixels, into: values)
          normalize(row: row, first: first, pixels: pixels, constants, place, output: output) { values[$0] }
        }
      }
    }
  }

  /// Where in a mean image a crop's means begin.
  private struct MeanPlace {
    var top = 0
    var left = 0
    /// Values of a row of the mean image.
    var stride = 0
    var followsCrop = false
    var mirrored = false

    /// The place under the crop, or the one for all crops.
    func under(top: Int, left: Int, mirrored: Bool) -> MeanPlace {
      followsCrop ? MeanPlace(top: top, left: left, stride: stride, followsCrop: true, mirrored: mirrored) : self
    }
  }

  /// Mean and scale for each value of a chunk, and room for a mirrored part of the mean image.
  private struct Constants {
    let means: UnsafeMutablePointer<Float>
    let scales: UnsafeMutablePointer<Float>
    let mirrored: UnsafeMutablePointer<Float>
  }

  private func withConstants(color: (Float, Float, Float), gain: Float, _ body: (Constants) -> Void) {
    let chunk = chunkPixels * channels
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * chunk) { room in
      guard let means = room.baseAddress else { return }
      let scales = means + chunk
      // Shifting the pixel equals shifting the mean in the opposite direction.
      let shifts = channels == 3 ? [color.0, color.1, color.2] : []
      for i in 0..<chunk {
        let channel = i % channels
        scales[i] = scale[channel] * gain
        means[i] = channelMeans[channel] - (shifts.isEmpty ? 0 : shifts[channel])
      }
      body(Constants(means: means, scales: scales, mirrored: scales + chunk))
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
    row: Int, first: Int, pixels: Int, _ constants: Constants, _ place: MeanPlace,
    output: UnsafeMutablePointer<Float>, _ value: (Int) -> Float
  ) {
    let (means, scales, count) = (constants.means, constants.scales, pixels &* channels)
    let target = output + (row &* cropWidth &+ first) &* channels
    if meanImage.isEmpty {
      for i in 0..<count { target[i] = (value(i) - means[i]) * scales[i] }
      return
    }
    meanImage.withUnsafeBufferPointer { values in
      guard let values = values.baseAddress else { return }
      let line = values + ((place.top &+ row) &* place.stride &+ place.left &* channels)
      var image = line + first &* channels
      if place.mirrored {
        reverse(pixels, from: line + (cropWidth &- first &- pixels) &* channels, to: constants.mirrored)
        image = UnsafePointer(constants.mirrored)
      }
      for i in 0..<count { target[i] = (value(i) - (image[i] + means[i])) * scales[i] }
    }
  }

  /// Copies pixels in the opposite order; the channels of a pixel keep their order.
  @inline(__always)
  private func reverse<Value>(
    _ pixels: Int, from source: UnsafePointer<Value>, to target: UnsafeMutablePointer<Value>
  ) {
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
