import Tensors

/// Numbers for tests from the engine's generator: the same for a seed on every machine.
public enum RandomValues {
  /// Integers in -magnitude … magnitude: their products and sums are exact in float32 while they stay below
  /// 2^24, in any order.
  public static func integers(_ count: Int, seed: UInt64, magnitude: Int = 4) -> [Float] {
    let philox = Philox(seed: seed, purpose: .test, step: 0)
    return (0..<count).map { Float(Philox.below(2 * magnitude + 1, philox.words(UInt64($0))[0]) - magnitude) }
  }

  /// Numbers in [-1, 1).
  public static func uniform(_ count: Int, seed: UInt64) -> [Float] {
    let philox = Philox(seed: seed, purpose: .test, step: 1)
    return (0..<count).map { 2 * Philox.unit(philox.words(UInt64($0))[0]) - 1 }
  }
}
