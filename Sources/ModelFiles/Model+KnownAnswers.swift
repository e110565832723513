import SwiftAlexNet
import Tensors

/// A known answer of a model's file, computed again.
public struct Verification: Sendable, CustomStringConvertible {
  /// The largest difference of an output, relative to the largest output.
  public let difference: Double
  /// The largest difference that passes.
  public let bound: Double

  public var holds: Bool { difference <= bound }

  public var description: String {
    "the known answer \(holds ? "holds" : "differs"): difference \(difference), bound \(bound)"
  }
}

extension Model {
  /// For weights of 16 bits, whose answers are those of the weights before rounding.
  static let boundOfFloat16 = 2e-3

  /// Computes the answer to the built-in test image again, which Python's `save(path, known_answers=True)` keeps in the
  /// file: whether another machine, or another version, gets what was computed when the model was saved.
  ///
  ///     let model = try Model(contentsOf: "flowers.safetensors")
  ///     guard try model.verifyKnownAnswers().holds else { return print("other answers than when it was saved") }
  ///
  /// - Throws: `EngineError.invalidValue` if the file has no known answers, or none for that image, and after the
  ///   weights have changed; `EngineError.nonFinite`; `EngineError.outOfMemory`.
  public func verifyKnownAnswers() throws -> Verification {
    guard let known = knownAnswers else {
      throw EngineError.invalidValue(
        "verify: the model has no known answers; Python's save(path, known_answers=True) stores some")
    }
    let (side, channels) = (resizing.side, network.spec.input.channels)
    let image = try Self.testImage(side: side, channels: channels)
    defer { withExtendedLifetime((known, image)) {} }
    guard let row = known.inputs.firstIndex(of: Self.digest(of: image, "(\(side), \(side), \(channels))")) else {
      throw EngineError.invalidValue(
        "verify: the model has \(known.inputs.count) known answers, none for the built-in test image; Python's verify "
          + "takes the images")
    }
    let computed = try outputs(ofImage: image.pointer, side: side, operation: "verify")
    let expected = known.outputs.buffer[(row * computed.count)..<((row + 1) * computed.count)]
    let largest = expected.reduce(Float.leastNormalMagnitude) { max($0, abs($1)) }
    let difference = zip(expected, computed).reduce(0.0) { max($0, abs(Double($1.0) - Double($1.1))) }
    return Verification(difference: difference / Double(largest), bound: known.bound)
  }

  /// An image of the size to which the model's images are resized, so that no resampling touches it.
  private static func testImage(side: Int, channels: Int) throws -> AlignedBuffer<UInt8> {
    let image = try AlignedBuffer<UInt8>(
      count: try Extent.product([side, side, channels], operation: "verify"), operation: "verify")
    for index in image.buffer.indices {
      let (y, x, channel) = (index / channels / side, index / channels % side, index % channels)
      image.pointer[index] = UInt8(truncatingIfNeeded: 7 * x + 13 * y + 29 * channel + x * y / 5)
    }
    return image
  }

  /// The SHA-256 of shape and pixels, as numpy's arrays have them.
  private static func digest(of image: AlignedBuffer<UInt8>, _ shape: String) -> String {
    var hash = SHA256()
    hash.update("|u1 \(shape)")
    hash.update(UnsafeRawBufferPointer(image.buffer))
    return hash.finish()
  }
}
