/// The hash of FIPS 180-4, section 6.2; neither the standard library nor Foundation on Linux has one.
struct SHA256 {
  private var state: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
  )
  private var byteCount: UInt64 = 0
  /// Bytes that do not fill a block yet.
  private var rest: [UInt8] = []

  private static let blockBytes = 64

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    byteCount &+= UInt64(bytes.count)
    var begin = 0
    if !rest.isEmpty {
      begin = min(Self.blockBytes - rest.count, bytes.count)
      rest += bytes.prefix(begin)
      guard rest.count == Self.blockBytes else { return }
      rest.withUnsafeBytes { Self.compress($0, into: &state) }
      rest.removeAll()
    }
    let whole = (bytes.count - begin) / Self.blockBytes * Self.blockBytes
    Self.compress(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(begin).prefix(whole)), into: &state)
    rest += bytes.dropFirst(begin + whole)
  }

  mutating func update(_ text: String) { Array(text.utf8).withUnsafeBytes { update($0) } }

  /// The hash as 64 hexadecimal digits; further updates start from the padded message.
  mutating func finish() -> String {
    let bits = byteCount &* 8
    var padding: [UInt8] = [0x80]
    padding += [UInt8](repeating: 0, count: (119 - rest.count) % Self.blockBytes)
    padding += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) }
    padding.withUnsafeBytes { update($0) }
    let (a, b, c, d, e, f, g, h) = state
    return [a, b, c, d, e, f, g, h].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  static func hex(of text: String) -> String {
    var hash = SHA256()
    hash.update(text)
    return hash.finish()
  }

  /// - Parameter blocks: any number of whole blocks.
  private static func compress(
    _ blocks: UnsafeRawBufferPointer,
    into state: inout (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)
  ) {
    guard let start = blocks.baseAddress else { return }
    constants.withUnsafeBufferPointer { constants in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { words in
        for block in stride(from: 0, to: blocks.count, by: blockBytes) {
          expand(start + block, into: words)
          rounds(words, constants, &state)
        }
      }
    }
  }

  private static func expand(_ block: UnsafeRawPointer, into words: UnsafeMutableBufferPointer<UInt32>) {
    for i in 0..<16 {
      words[i] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 &* i, as: UInt32.self))
    }
    for i in 16..<64 {
      let (x, y) = (words[i &- 15], words[i &- 2])
      let first = rotated(x, 7) ^ rotated(x, 18) ^ (x >> 3)
      let second = rotated(y, 17) ^ rotated(y, 19) ^ (y >> 10)
      words[i] = words[i &- 16] &+ first &+ words[i &- 7] &+ second
    }
  }

  private static func rounds(
    _ words: UnsafeMutableBufferPointer<UInt32>, _ constants: UnsafeBufferPointer<UInt32>,
    _ state: inout (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)
  ) {
    var (a, b, c, d, e, f, g, h) = state
    // Eight rounds without moving the letters: each renames them by one.
    for i in stride(from: 0, to: 64, by: 8) {
      round(a, b, c, &d, e, f, g, &h, words[i] &+ constants[i])
      round(h, a, b, &c, d, e, f, &g, words[i &+ 1] &+ constants[i &+ 1])
      round(g, h, a, &b, c, d, e, &f, words[i &+ 2] &+ constants[i &+ 2])
      round(f, g, h, &a, b, c, d, &e, words[i &+ 3] &+ constants[i &+ 3])
      round(e, f, g, &h, a, b, c, &d, words[i &+ 4] &+ constants[i &+ 4])
      round(d, e, f, &g, h, a, b, &c, words[i &+ 5] &+ constants[i &+ 5])
      round(c, d, e, &f, g, h, a, &b, words[i &+ 6] &+ constants[i &+ 6])
      round(b, c, d, &e, f, g, h, &a, words[i &+ 7] &+ constants[i &+ 7])
    }
    state = (
      state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e, state.5 &+ f, state.6 &+ g, state.7 &+ h
    )
  }

  @inline(__always)
  private static func round(
    _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
    _ h: inout UInt32, _ word: UInt32
  ) {
    let choice = g ^ (e & (f ^ g))
    let majority = (a & b) | (c & (a | b))
    let sum = h &+ (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) &+ choice &+ word
    d = d &+ sum
    h = sum &+ (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) &+ majority
  }

  @inline(__always)
  private static func rotated(_ word: UInt32, _ bits: UInt32) -> UInt32 { (word &>> bits) | (word &<< (32 &- bits)) }

  /// The first 32 bits of the fractions of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}
