import Imaging
import Networks

extension Model {
  /// How images are resized before the engine crops them. The engine does not resize: your program, or a library it
  /// uses, does.
  public struct Resizing: Hashable, Sendable {
    public typealias Resampling = PreprocessingDefaults.Resampling

    /// Of the square of pixels, cut from the centre of an image whose shorter side has been resized to it.
    public let side: Int
    public let resampling: Resampling
    /// Whether both sides are squeezed to `side`, whatever their proportions.
    public let isWarped: Bool

    package init(side: Int, resampling: Resampling, isWarped: Bool) {
      (self.side, self.resampling, self.isWarped) = (side, resampling, isWarped)
    }
  }

  /// How the images of the model are resized: as its file says, otherwise as the network's authors did, to the size of
  /// the mean image if there is one.
  public var resizing: Resizing {
    let authors = Catalog.preprocessing(of: network.spec.name)
    let given =
      details?.resizing
      ?? Resizing(
        side: authors.resize(crop: network.spec.input.height), resampling: authors.resampling,
        isWarped: authors.isWarped)
    guard case .image(let height, _, _) = preprocessing?.mean else { return given }
    return Resizing(side: height, resampling: given.resampling, isWarped: given.isWarped)
  }
}
