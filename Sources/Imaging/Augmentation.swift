import Tensors

/// What training changes at random in an image each time that it is shown (2012 paper, section 4.1).
public struct Augmentation: Hashable, Sendable {
  /// A crop from anywhere, instead of the centre.
  public var randomCrop: Bool
  /// A mirror image with probability one half.
  public var flip: Bool
  /// The deviation of α in the colour shift Σ α_k √λ_k p_k; 0 turns it off, the paper's is 0.1. Images of three
  /// channels only.
  public var colorNoise: Float
  /// p_k: three rows of red, green, blue, the principal components of the training set's pixels.
  public var eigenvectors: [Float]
  /// √λ_k, on the 0–255 scale. The paper writes λ; its authors' code takes the root, and only that is in range.
  public var deviations: [Float]

  /// The components of ILSVRC-2012 that the authors' code carries (cuda-convnet2, `color_pca`).
  public static let imageNetEigenvectors: [Float] = [
    -0.563_510_45, -0.576_184_40, -0.592_002_96,
    -0.712_579_45, -0.023_541_67, 0.701_196_34,
    0.417_955_13, -0.816_980_62, 0.397_311_18,
  ]
  public static let imageNetDeviations: [Float] = [121.780_06, 37.093_89, 19.720_83]

  public init(
    randomCrop: Bool = true, flip: Bool = true, colorNoise: Float = 0,
    eigenvectors: [Float] = imageNetEigenvectors, deviations: [Float] = imageNetDeviations
  ) throws {
    guard colorNoise.isFinite, colorNoise >= 0 else {
      throw EngineError.invalidValue("augmentation: got color noise \(colorNoise), expected a finite number ≥ 0")
    }
    guard eigenvectors.count == 9, deviations.count == 3, (eigenvectors + deviations).allSatisfy(\.isFinite) else {
      throw EngineError.invalidValue(
        "augmentation: got \(eigenvectors.count) eigenvector entries and \(deviations.count) deviations, "
          + "expected 9 and 3 finite numbers")
    }
    self.randomCrop = randomCrop
    self.flip = flip
    self.colorNoise = colorNoise
    self.eigenvectors = eigenvectors
    self.deviations = deviations
  }

  /// Where one presentation of one image is cut, and how it is changed.
  struct Draw: Equatable {
    var top: Int
    var left: Int
    var mirrored: Bool
    var shift: (Float, Float, Float)

    static func == (a: Draw, b: Draw) -> Bool {
      a.top == b.top && a.left == b.left && a.mirrored == b.mirrored && a.shift == b.shift
    }
  }

  /// The draw of an image: depends on (seed, step, index) alone. Offsets 0 … size − crop are equally likely.
  func draw(seed: UInt64, step: UInt64, index: UInt64, verticalRoom: Int, horizontalRoom: Int) -> Draw {
    let words = Philox(seed: seed, purpose: .crop, step: step).words(index)
    return Draw(
      top: randomCrop ? Philox.below(verticalRoom + 1, words[0]) : verticalRoom / 2,
      left: randomCrop ? Philox.below(horizontalRoom + 1, words[1]) : horizontalRoom / 2,
      mirrored: flip && words[2] >> 31 == 1,
      shift: shift(seed: seed, step: step, index: index))
  }

  private func shift(seed: UInt64, step: UInt64, index: UInt64) -> (Float, Float, Float) {
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
