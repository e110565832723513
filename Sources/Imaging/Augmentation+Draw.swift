import Tensors

extension Augmentation {
  /// Where an image is cropped, and how it is changed, each time it is shown.
  struct Draw {
    /// The crop's place in the image; a shift may move it across the border.
    var top: Int
    var left: Int
    /// The same before the shift.
    let unmovedTop: Int
    let unmovedLeft: Int
    var mirrored: Bool
    /// Added to red, green and blue of every pixel.
    var color: (Float, Float, Float)
    /// In radians, counter-clockwise as the image is viewed.
    var angle: Double
  }

  /// The draw for an image; depends only on (seed, step, index). Offsets 0 … size − crop are equally likely.
  func draw(seed: UInt64, step: UInt64, index: UInt64, verticalRoom: Int, horizontalRoom: Int) -> Draw {
    let words = Philox(seed: seed, purpose: .crop, step: step).words(index / UInt64(chunk))
    let top = randomCrop ? Philox.below(verticalRoom + 1, words[0]) : verticalRoom / 2
    let left = randomCrop ? Philox.below(horizontalRoom + 1, words[1]) : horizontalRoom / 2
    var draw = Draw(
      top: top, left: left, unmovedTop: top, unmovedLeft: left, mirrored: flip && words[2] >> 31 == 1,
      color: color(seed: seed, step: step, index: index), angle: 0)
    if movesCrop {
      let words = Philox(seed: seed, purpose: .placement, step: step).words(index)
      draw.top += Philox.below(2 * shift + 1, words[0]) - shift
      draw.left += Philox.below(2 * shift + 1, words[1]) - shift
      draw.angle = Double(rotation) * (2 * (Double(words[2]) + 0.5) * 0x1p-32 - 1) * Double.pi / 180
    }
    return draw
  }

  /// The views that the draws of ``draw(seed:step:index:verticalRoom:horizontalRoom:)`` choose from, if they are few;
  /// nil if every image may look different every time.
  public var views: ImageInput.Views? {
    guard !randomCrop, !movesCrop, colorNoise == 0 else { return nil }
    return flip ? .centerAndMirror : .center
  }

  /// Which of ``views`` an image of a training step is: 0, or 1 for the mirror image.
  public func view(seed: UInt64, step: UInt64, index: UInt64) -> Int {
    draw(seed: seed, step: step, index: index, verticalRoom: 0, horizontalRoom: 0).mirrored ? 1 : 0
  }

  private func color(seed: UInt64, step: UInt64, index: UInt64) -> (Float, Float, Float) {
    guard colorNoise > 0 else { return (0, 0, 0) }
    let alpha = Philox.normals(Philox(seed: seed, purpose: .color, step: step).words(index)) * colorNoise
    var rgb: (Float, Float, Float) = (0, 0, 0)
    for k in 0..<3 {
      let amplitude = alpha[k] * deviations[k]
      rgb.0 += amplitude * eigenvectors[3 * k]
      rgb.1 += amplitude * eigenvectors[3 * k + 1]
      rgb.2 += amplitude * eigenvectors[3 * k + 2]
    }
    return rgb
  }
}
