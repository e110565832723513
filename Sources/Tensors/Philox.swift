/// Philox 4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as
/// 1, 2, 3" (SC 2011). A value depends only on (seed, purpose, step, index): there is no state, so a resumed or
/// differently threaded run draws the same numbers.
public struct Philox: Sendable {
  /// What a stream of numbers is for. Two purposes never share a number under one seed.
  public enum Purpose: UInt32, Sendable {
    case initialization = 1, dropout = 2, crop = 3, color = 4, test = 6, placement = 7
  }

  let key: (UInt32, UInt32)
  let stream: UInt32
  let step: UInt32

  /// - Parameter step: the training step, or the parameter's index in initialisation; below 2^32.
  public init(seed: UInt64, purpose: Purpose, step: UInt64) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    // The high half of a long step joins the stream word, so that no step repeats.
    stream = purpose.rawValue | (UInt32(truncatingIfNeeded: step >> 32) << 8)
    self.step = UInt32(truncatingIfNeeded: step)
  }

  /// Four independent words for `index`.
  @inlinable
  public func words(_ index: UInt64) -> SIMD4<UInt32> {
    Self.block(
      SIMD4(UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), stepWord, streamWord),
      key0: keyWords.0, key1: keyWords.1)
  }

  @usableFromInline var stepWord: UInt32 { step }
  @usableFromInline var streamWord: UInt32 { stream }
  @usableFromInline var keyWords: (UInt32, UInt32) { key }

  @inlinable
  static func block(_ counter: SIMD4<UInt32>, key0: UInt32, key1: UInt32) -> SIMD4<UInt32> {
    var (c0, c1, c2, c3) = (counter[0], counter[1], counter[2], counter[3])
    var (k0, k1) = (key0, key1)
    for _ in 0..<10 {
      let p0 = UInt64(c0) &* 0xD251_1F53
      let p1 = UInt64(c2) &* 0xCD9E_8D57
      c0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0
      c1 = UInt32(truncatingIfNeeded: p1)
      c2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1
      c3 = UInt32(truncatingIfNeeded: p0)
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    return SIMD4(c0, c1, c2, c3)
  }

  /// A float in [0, 1) from the top 24 bits of a word.
  @inlinable
  public static func unit(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }

  /// An integer in 0 ..< bound (bound ≥ 1) by multiplication; the bias is below bound / 2^32.
  @inlinable
  public static func below(_ bound: Int, _ word: UInt32) -> Int {
    Int(truncatingIfNeeded: (UInt64(word) &* UInt64(truncatingIfNeeded: bound)) >> 32)
  }
}
