import CShims

/// The pixels of a crop that is rotated about its centre or extends past its image's border, where the edge pixels
/// repeat.
///
/// A pixel at (u, v) from the crop's centre, v downwards, shows the image at (u cos α − v sin α,
/// u sin α + v cos α) from there: the image rotates by α counter-clockwise. Values between pixels are interpolated
/// bilinearly. A crop that is not rotated has the image's own values.
struct MovedCrop {
  let image: UnsafePointer<UInt8>
  let height: Int
  let width: Int
  let channels: Int
  let cropHeight: Int
  let cropWidth: Int
  let top: Int
  let left: Int
  let mirrored: Bool
  private let isTurned: Bool
  private let sine: Double
  private let cosine: Double

  init(
    image: UnsafePointer<UInt8>, height: Int, width: Int, channels: Int, cropHeight: Int, cropWidth: Int, top: Int,
    left: Int, mirrored: Bool, angle: Double
  ) {
    (self.image, self.height, self.width, self.channels) = (image, height, width, channels)
    (self.cropHeight, self.cropWidth, self.top, self.left) = (cropHeight, cropWidth, top, left)
    self.mirrored = mirrored
    isTurned = angle != 0
    (sine, cosine) = (sin(angle), cos(angle))
  }

  /// Writes `pixels` pixels of a row, from column `first` on.
  func read(row: Int, first: Int, pixels: Int, into output: UnsafeMutablePointer<Float>) {
    for pixel in 0..<pixels {
      let column = mirrored ? cropWidth &- 1 &- first &- pixel : first &+ pixel
      let target = output + pixel &* channels
      if isTurned {
        interpolate(row: row, column: column, into: target)
      } else {
        let source = pixelAt(
          row: min(max(top &+ row, 0), height &- 1), column: min(max(left &+ column, 0), width &- 1))
        for channel in 0..<channels { target[channel] = Float(source[channel]) }
      }
    }
  }

  private func interpolate(row: Int, column: Int, into target: UnsafeMutablePointer<Float>) {
    let (middleX, middleY) = (Double(cropWidth - 1) / 2, Double(cropHeight - 1) / 2)
    let (u, v) = (Double(column) - middleX, Double(row) - middleY)
    let x = min(max(Double(left) + middleX + (u * cosine - v * sine), 0), Double(width - 1))
    let y = min(max(Double(top) + middleY + (u * sine + v * cosine), 0), Double(height - 1))
    let (x0, y0) = (Int(x), Int(y))
    let (x1, y1) = (min(x0 &+ 1, width &- 1), min(y0 &+ 1, height &- 1))
    let (right, below) = (Float(x - Double(x0)), Float(y - Double(y0)))
    let (a, b) = (pixelAt(row: y0, column: x0), pixelAt(row: y0, column: x1))
    let (c, d) = (pixelAt(row: y1, column: x0), pixelAt(row: y1, column: x1))
    for channel in 0..<channels {
      let above = Float(a[channel]) + right * (Float(b[channel]) - Float(a[channel]))
      let under = Float(c[channel]) + right * (Float(d[channel]) - Float(c[channel]))
      target[channel] = above + below * (under - above)
    }
  }

  private func pixelAt(row: Int, column: Int) -> UnsafePointer<UInt8> { image + (row &* width &+ column) &* channels }
}
