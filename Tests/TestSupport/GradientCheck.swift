/// Compares a gradient with central differences in double precision: the check of every backward reference.
///
/// The loss is Σ c_i · y_i with fixed coefficients c, so that the gradient of the outputs is c and one call of
/// backward gives all derivatives.
public struct GradientCheck {
  public var step = 1e-6

  public init() {}

  /// The largest |difference − derivative| / max(1, |derivative|) over all inputs.
  /// - Parameters:
  ///   - point: where to check; each element is moved by ± `step`.
  ///   - loss: a scalar function of the point.
  ///   - gradient: the claimed derivatives at the point.
  public func worstError(
    at point: [Double], gradient: [Double], loss: (_ point: UnsafePointer<Double>) -> Double
  ) -> Double {
    guard gradient.count == point.count else { return .infinity }
    var moved = point
    var worst = 0.0
    for i in point.indices {
      moved[i] = point[i] + step
      let above = loss(moved)
      moved[i] = point[i] - step
      let below = loss(moved)
      moved[i] = point[i]
      let difference = (above - below) / (2 * step)
      let error = abs(difference - gradient[i]) / max(1, abs(gradient[i]))
      // A NaN is the worst error of all and must not be lost in a comparison.
      worst = error.isNaN ? .infinity : max(worst, error)
    }
    return worst
  }

  /// Σ coefficients · values
  public static func dot(_ coefficients: [Double], _ values: [Double]) -> Double {
    zip(coefficients, values).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
