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
