import SwiftAlexNet

/// What the images show.
enum Shape: String, CaseIterable {
  case circle, square, triangle, cross

  static let side = 32

  /// An image of the shape: place, size, colours and noise are random. Bytes lie as rows of red, green, blue.
  func drawn(_ random: inout Random) throws -> Image {
    let radius = Double.random(in: 6...11, using: &random)
    let centre = (0..<2).map { _ in Double.random(in: 12...20, using: &random) }
    let paper = (0..<3).map { _ in Int.random(in: 0...120, using: &random) }
    let ink = (0..<3).map { _ in Int.random(in: 140...250, using: &random) }
    var pixels: [UInt8] = []
    for y in 0..<Self.side {
      for x in 0..<Self.side {
        let inside = contains((Double(x) - centre[0]) / radius, (Double(y) - centre[1]) / radius)
        for color in inside ? ink : paper {
          pixels.append(UInt8(clamping: color + Int.random(in: -25...25, using: &random)))
        }
      }
    }
    return try Image(pixels: pixels, height: Self.side, width: Self.side)
  }

  /// Whether the shape of radius 1 around the origin holds a point; y goes downwards.
  private func contains(_ x: Double, _ y: Double) -> Bool {
    switch self {
    case .circle: x * x + y * y <= 1
    case .square: max(abs(x), abs(y)) <= 0.85
    case .triangle: y <= 0.8 && abs(x) <= (y + 1) / 1.8
    case .cross: min(abs(x), abs(y)) <= 0.25 && max(abs(x), abs(y)) <= 1
    }
  }
}

/// The same numbers at every run (SplitMix64).
struct Random: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
