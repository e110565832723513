/// The shape of one image's activations inside the engine: height, width, channels, stored in that order
/// (NHWC with the batch outside). A vector is 1 × 1 × channels.
public struct FeatureShape: Hashable, Sendable, CustomStringConvertible {
  public var height: Int
  public var width: Int
  public var channels: Int

  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  public init(vector channels: Int) { self.init(height: 1, width: 1, channels: channels) }

  /// Elements of one image. Shapes are validated when they are made, so the product cannot overflow.
  public var count: Int { height &* width &* channels }
  public var isVector: Bool { height == 1 && width == 1 }

  /// Channels × height × width, the usual order in papers.
  public var description: String { isVector ? "\(channels)" : "\(channels)×\(height)×\(width)" }
}
