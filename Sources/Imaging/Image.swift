import Tensors

/// One image: bytes in the order rows, columns, channels (red, green, blue), as image decoding libraries return them.
public struct Image: Hashable, Sendable {
  public let pixels: [UInt8]
  public let height: Int
  public let width: Int
  public let channels: Int

  /// - Throws: ``EngineError/invalidValue(_:)`` unless there are height · width · channels bytes, at least one.
  public init(pixels: [UInt8], height: Int, width: Int, channels: Int = 3) throws {
    let size = "\(height)×\(width)×\(channels)"
    guard min(height, width, channels) >= 1 else {
      throw EngineError.invalidValue("image: got a size of \(size), expected 1×1×1 or larger")
    }
    let expected = try Extent.product([height, width, channels], operation: "image")
    guard pixels.count == expected else {
      throw EngineError.invalidValue("image: got \(pixels.count) bytes, expected \(expected) for \(size)")
    }
    (self.pixels, self.height, self.width, self.channels) = (pixels, height, width, channels)
  }

  /// Whether another image has the same height, width and channels.
  public func hasSize(of other: Image) -> Bool {
    (height, width, channels) == (other.height, other.width, other.channels)
  }
}
