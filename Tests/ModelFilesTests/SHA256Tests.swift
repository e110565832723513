import XCTest

@testable import ModelFiles

final class SHA256Tests: XCTestCase {
  /// NIST's examples: csrc.nist.gov, "Secure Hash Algorithms", SHA-256; the empty text is from its test vectors.
  private let vectors = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
    (
      String(repeating: "a", count: 1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
  ]

  func testPublishedVectors() {
    for (text, expected) in vectors { XCTAssertEqual(SHA256.hex(of: text), expected) }
  }

  func testPiecesOfAnySizeGiveTheSameHash() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) }
    for length in [1, 55, 56, 63, 64, 65, 119, 120, 128, 300] {
      let text = Array(bytes.prefix(length))
      let whole = hash([text])
      for size in [1, 3, 63, 64, 65] {
        let pieces = stride(from: 0, to: length, by: size).map { Array(text[$0..<min($0 + size, length)]) }
        XCTAssertEqual(hash(pieces), whole, "\(length) bytes, \(size) at a time")
      }
    }
  }

  private func hash(_ pieces: [[UInt8]]) -> String {
    var hash = SHA256()
    for piece in pieces { piece.withUnsafeBytes { hash.update($0) } }
    return hash.finish()
  }
}
