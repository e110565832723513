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
  private let meanPlace: MeanPlace
  private let chunkPixels: Int

  /// Chunks of this many floats stay on the stack and in the first-level cache.
  private static let chunkTarget = 128

  /// - Parameters height, width: the images' size, which says whether a mean image has a pixel for each of theirs.
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

  /// Writes a crop that is turned or reaches over its image's border. It has no place of its own in a mean image:
  /// `top` and `left` are where it was before it was moved, which lies within.
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

  /// Where a mean image lies under a crop.
  private struct MeanPlace {
    var top = 0
    var left = 0
    /// Values of a row of the mean image.
    var stride = 0
    var followsCrop = false
    var mirrored = false

    /// The place under the crop, or the same for all crops.
    func under(top: Int, left: Int, mirrored: Bool) -> MeanPlace {
      followsCrop ? MeanPlace(top: top, left: left, stride: stride, followsCrop: true, mirrored: mirrored) : self
    }
  }

  /// Mean and scale beside each value of a chunk, and room for a mirrored part of the mean image.
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
      // A shift of the pixel is a shift of the mean the other way.
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

  /// Copies pixels in the opposite order; the channels of a pixel keep theirs.
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
