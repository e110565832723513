/// What a model's file says besides what the engine computes with, so that the file can be written again.
package struct ModelDetails: Sendable {
  /// The name that the network was built from.
  package let variant: String?
  package let resizing: Model.Resizing
  /// The regulariser of the whitening matrix that the next `fit` learns, in Python only.
  package let learnWhitening: Double?
  /// Whether the names of classes are the file's own, not numbers in their place.
  package let namesClasses: Bool
  let knownAnswers: KnownAnswers?
  /// Of a quantised model.
  package let calibration: Calibration?
  /// What the file's description holds besides, as JSON.
  package let others: [(name: String, json: String)]

  package init(
    variant: String?, resizing: Model.Resizing, learnWhitening: Double?, namesClasses: Bool,
    knownAnswers: KnownAnswers? = nil, calibration: Calibration? = nil, others: [(name: String, json: String)]
  ) {
    (self.variant, self.resizing, self.learnWhitening) = (variant, resizing, learnWhitening)
    (self.namesClasses, self.knownAnswers, self.others) = (namesClasses, knownAnswers, others)
    self.calibration = calibration
  }
}

/// How a model's quantisation was found: by which method, and on how many images.
package struct Calibration: Sendable {
  package let method: String
  package let images: Int

  package init(method: String, images: Int) {
    self.method = method
    self.images = images
  }
}
