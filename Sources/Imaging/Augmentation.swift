import Tensors

/// The random changes to an image each time training shows it (2012 paper, section 4.1).
public struct Augmentation: Hashable, Sendable {
  /// A crop from anywhere, instead of the centre.
  public var randomCrop: Bool
  /// A mirror image with probability one half.
  public var flip: Bool
  /// The standard deviation of α in the colour shift Σ α_k √λ_k p_k; 0 turns it off; paper: 0.1. Images of three
  /// channels only.
  public var colorNoise: Float
  /// p_k: three rows of red, green, blue, the principal components of the training set's pixels.
  public var eigenvectors: [Float]
  /// √λ_k, on the 0–255 scale.
  public var deviations: [Float]
  /// Divisor of an image with colour noise; used only together with it. 1 is off; the authors' code
  /// divides by 1.1 (convdata_jpeg.py).
  public var colorDivisor: Float
  /// This many consecutive images of a batch share one crop offset and one flip; the authors' run used 32.
  public var chunk: Int
  /// The limit of a random rotation about the crop's centre, in ± degrees; 0 turns it off.
  public var rotation: Float
  /// The limit of a random displacement of the crop, in ± whole pixels on both axes; 0 turns it off. Beyond the border
  /// the image's edge pixels repeat.
  public var shift: Int

  /// The components in the authors' code.
  public static let imageNetEigenvectors = ColorComponents.ilsvrc.eigenvectors.flatMap { $0.map { Float($0) } }
  public static let imageNetDeviations = ColorComponents.ilsvrc.deviations.map { Float($0) }

  public init(
    randomCrop: Bool = true, flip: Bool = true, colorNoise: Float = 0,
    eigenvectors: [Float] = imageNetEigenvectors, deviations: [Float] = imageNetDeviations, colorDivisor: Float = 1,
    chunk: Int = 1, rotation: Float = 0, shift: Int = 0
  ) throws {
    guard colorNoise.isFinite, colorNoise >= 0 else {
      throw EngineError.invalidValue("augmentation: got color noise \(colorNoise), expected a finite number ≥ 0")
    }
    guard eigenvectors.count == 9, deviations.count == 3, (eigenvectors + deviations).allSatisfy(\.isFinite) else {
      throw EngineError.invalidValue(
        "augmentation: got \(eigenvectors.count) eigenvector entries and \(deviations.count) deviations, "
          + "expected 9 and 3 finite numbers")
    }
    guard colorDivisor.isFinite, colorDivisor > 0, (1 / colorDivisor).isFinite else {
      throw EngineError.invalidValue("augmentation: got color divisor \(colorDivisor), expected a finite number > 0")
    }
    guard chunk >= 1 else {
      throw EngineError.invalidValue("augmentation: got a chunk of \(chunk) images, expected at least 1")
    }
    guard rotation >= 0, rotation <= 180 else {
      throw EngineError.invalidValue("augmentation: got rotation \(rotation), expected 0 to 180 degrees")
    }
    guard shift >= 0 else {
      throw EngineError.invalidValue("augmentation: got shift \(shift), expected at least 0 pixels")
    }
    self.randomCrop = randomCrop
    self.flip = flip
    self.colorNoise = colorNoise
    self.eigenvectors = eigenvectors
    self.deviations = deviations
    self.colorDivisor = colorDivisor
    self.chunk = chunk
    self.rotation = rotation
    self.shift = shift
  }

  /// Whether crops may be rotated or extend past an image's border.
  var movesCrop: Bool { rotation > 0 || shift > 0 }

  /// The factor on an image to which colour noise was added.
  var colorGain: Float { colorNoise > 0 ? 1 / colorDivisor : 1 }

  /// Fails if such images cannot be augmented in this way.
  func validate(cropHeight: Int, cropWidth: Int, channels: Int, operation: String) throws {
    guard colorNoise == 0 || channels == 3 else {
      throw EngineError.invalidValue("\(operation): color noise needs images of 3 channels, got \(channels)")
    }
    guard shift <= min(cropHeight, cropWidth) else {
      throw EngineError.invalidValue(
        "\(operation): got shift \(shift), expected at most the crop's \(cropHeight)×\(cropWidth) pixels")
    }
  }
}
