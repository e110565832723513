/// How far a float32 result may be from the float64 reference. Bounds come from sizes and magnitudes, here and
/// nowhere else.
public enum Tolerance {
  /// A sum of `terms` products whose magnitudes add up to `magnitude`: 4 · √terms · ε · Σ|a·b|.
  public static func sum(terms: Int, magnitude: Double) -> Double {
    4 * Double(terms).squareRoot() * Double(Float.ulpOfOne) * magnitude
  }

  /// Describes the first element farther from `expected` than its bound (or NaN).
  public static func firstBeyond(
    _ actual: [Float], expected: [Double], terms: Int, magnitudes: [Double]
  ) -> String? {
    for i in expected.indices {
      let bound = sum(terms: terms, magnitude: magnitudes[i])
      if !(abs(Double(actual[i]) - expected[i]) <= bound) {
        return "element \(i): got \(actual[i]), expected \(expected[i]) ± \(bound)"
      }
    }
    return nil
  }

  /// Describes the first element that differs from `expected` at all; zeros of both signs are equal.
  public static func firstDifference(_ actual: [Float], expected: [Float]) -> String? {
    if actual.count != expected.count { return "got \(actual.count) elements, expected \(expected.count)" }
    for i in expected.indices where actual[i] != expected[i] {
      return "element \(i): got \(actual[i]), expected \(expected[i])"
    }
    return nil
  }
}
