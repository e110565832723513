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

/// What a model's file says besides what the engine computes with, so that the file can be written again.
package struct ModelDetails: Sendable {
  /// The name that the network was built from.
  package let variant: String?
  package let resizing: Model.Resizing
  /// The regulariser of the whitening matrix that the next `fit` learns, in Python only.
  package let learnWhitening: Double?
  /// Whether the names of classes are the file's own, not numbers in their place.
  package let namesClasses: Bool
  /// What the file's description holds besides, as JSON.
  package let others: [(name: String, json: String)]

  package init(
    variant: String?, resizing: Model.Resizing, learnWhitening: Double?, namesClasses: Bool,
    others: [(name: String, json: String)]
  ) {
    (self.variant, self.resizing, self.learnWhitening) = (variant, resizing, learnWhitening)
    (self.namesClasses, self.others) = (namesClasses, others)
  }
}
