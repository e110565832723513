import Tensors

/// The order of the images in an epoch, for Swift and Python programs alike.
public enum ImageOrder {
  /// Writes a permutation of 0 ..< order.count that depends only on (seed, epoch): the indices, sorted by one random
  /// word each. The words are those of numpy's `Philox(key=(seed, epoch)).random_raw`, as in earlier versions, so their
  /// checkpoints resume in the same order.
  /// - Throws: ``EngineError/outOfMemory(_:)``.
  public static func shuffle(_ order: UnsafeMutableBufferPointer<Int>, seed: UInt64, epoch: UInt64) throws {
    let words = try AlignedBuffer<UInt64>(count: order.count, operation: "order of images")
    for index in order.indices {
      words.pointer[index] = Self.block(UInt64(index / 4) + 1, seed, epoch)[index % 4]
      order[index] = index
    }
    // A mutable copy of the buffer's address, which `sort` needs.
    var order = order
    withExtendedLifetime(words) {
      order.sort { (words.pointer[$0], $0) < (words.pointer[$1], $1) }
    }
  }

  static func shuffled(count: Int, seed: UInt64, epoch: UInt64) throws -> [Int] {
    var order = [Int](repeating: 0, count: count)
    try order.withUnsafeMutableBufferPointer { try shuffle($0, seed: seed, epoch: epoch) }
    return order
  }

  /// Philox 4x64-10 (Salmon et al., SC 2011) for a counter below 2^64.
  private static func block(_ counter: UInt64, _ key0: UInt64, _ key1: UInt64) -> SIMD4<UInt64> {
    var (c0, c1, c2, c3) = (counter, UInt64(0), UInt64(0), UInt64(0))
    var (k0, k1) = (key0, key1)
    for _ in 0..<10 {
      let p0 = c0.multipliedFullWidth(by: 0xD2E7_470E_E14C_6C93)
      let p1 = c2.multipliedFullWidth(by: 0xCA5A_8263_9512_1157)
      (c0, c1, c2, c3) = (p1.high ^ c1 ^ k0, p1.low, p0.high ^ c3 ^ k1, p0.low)
      k0 = k0 &+ 0x9E37_79B9_7F4A_7C15
      k1 = k1 &+ 0xBB67_AE85_84CA_A73B
    }
    return SIMD4(c0, c1, c2, c3)
  }
}
