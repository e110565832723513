/// Which elements dropout keeps: those whose generator word, shifted right by 8, is at least `threshold`.
public struct DropoutMask: Sendable {
  /// Philox 4x32-10: its key and the third and fourth words of its counter; the first two are the block's index.
  public let key: (UInt32, UInt32)
  public let counter: (UInt32, UInt32)
  /// Probability · 2^24, rounded up.
  public let threshold: UInt32

  public init(key: (UInt32, UInt32), counter: (UInt32, UInt32), threshold: UInt32) {
    self.key = key
    self.counter = counter
    self.threshold = threshold
  }
}

/// Dropout with eight generator blocks at a time. `Philox` in `Tensors` is the same generator, one block at a time, and
/// names its source; here a block is a lane, and each of its words a 64-bit integer below 2^32, because the CPU
/// multiplies 32 by 32 bits in such lanes.
public enum DropoutTemplate {
  public typealias Lanes = SIMD8<UInt64>

  /// y_i = factor · x_i where element i is kept, else 0. Element i is word i mod 4 of block `firstBlock` + i / 4.
  /// `y` may be `x`.
  @inlinable @inline(__always)
  public static func apply<I: InstructionSet>(
    _: I.Type, count: Int, mask: DropoutMask, firstBlock: UInt64, factor: Float, x: UnsafePointer<Float>,
    y: UnsafeMutablePointer<Float>
  ) {
    let numbers = Lanes(0, 1, 2, 3, 4, 5, 6, 7)
    let factors = SIMD16<Float>(repeating: factor)
    let threshold = SIMD16<UInt32>(repeating: mask.threshold)
    let block = Lanes(repeating: firstBlock) &+ numbers
    var i = 0
    while i &+ 32 <= count {
      let (first, second) = words(block &+ Lanes(repeating: UInt64(truncatingIfNeeded: i &>> 2)), mask)
      select(first, threshold, factors, x + i, y + i)
      select(second, threshold, factors, x + (i &+ 16), y + (i &+ 16))
      i &+= 32
    }
    if i < count {
      let (first, second) = words(block &+ Lanes(repeating: UInt64(truncatingIfNeeded: i &>> 2)), mask)
      for lane in 0..<(count &- i) {
        let word = lane < 16 ? first[lane] : second[lane &- 16]
        y[i &+ lane] = word &>> 8 >= mask.threshold ? factor * x[i &+ lane] : 0
      }
    }
  }

  @inlinable @inline(__always)
  static func select(
    _ words: SIMD16<UInt32>, _ threshold: SIMD16<UInt32>, _ factors: SIMD16<Float>, _ x: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>
  ) {
    let keeps = (words &>> SIMD16(repeating: 8)) .>= threshold
    let scaled = factors * SIMD16<Float>.load(x)
    SIMD16<Float>.select(unsafeBitCast(keeps, to: SIMD16<Int32>.self), scaled, .zero).store(y)
  }

  /// The 32 words of eight blocks, in order.
  @inlinable @inline(__always)
  static func words(_ blocks: Lanes, _ mask: DropoutMask) -> (SIMD16<UInt32>, SIMD16<UInt32>) {
    let low = Lanes(repeating: 0xFFFF_FFFF)
    let half = Lanes(repeating: 32)
    var (a, b) = (blocks & low, blocks &>> half)
    var c = Lanes(repeating: UInt64(mask.counter.0))
    var d = Lanes(repeating: UInt64(mask.counter.1))
    var (k0, k1) = mask.key
    for _ in 0..<10 {
      // The masks change nothing; they tell the compiler that 32-bit multiplications suffice.
      let p = (a & low) &* Lanes(repeating: 0xD251_1F53)
      let q = (c & low) &* Lanes(repeating: 0xCD9E_8D57)
      (a, b) = ((q &>> half) ^ b ^ Lanes(repeating: UInt64(k0)), q & low)
      (c, d) = ((p &>> half) ^ d ^ Lanes(repeating: UInt64(k1)), p & low)
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    let (u, v) = (a | (b &<< half), c | (d &<< half))
    return (
      unsafeBitCast(Lanes(u[0], v[0], u[1], v[1], u[2], v[2], u[3], v[3]), to: SIMD16<UInt32>.self),
      unsafeBitCast(Lanes(u[4], v[4], u[5], v[5], u[6], v[6], u[7], v[7]), to: SIMD16<UInt32>.self)
    )
  }
}
