/// The layout of an item's scratch memory: parts are reserved in sequence, each at the beginning of a cache line.
struct ScratchLayout {
  private(set) var bytes = 0

  /// A part of `count` elements.
  mutating func reserve<Element: BitwiseCopyable>(_ count: Int, of type: Element.Type) -> Part<Element> {
    let part = Part<Element>(offset: bytes)
    bytes += (count * MemoryLayout<Element>.stride + 63) / 64 * 64
    return part
  }

  struct Part<Element: BitwiseCopyable> {
    fileprivate let offset: Int

    func pointer(in scratch: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Element> {
      (scratch + offset).assumingMemoryBound(to: Element.self)
    }
  }
}

extension Int {
  /// The product, or `Int.max` if it does not fit: for estimates of work.
  func saturatingTimes(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}

/// Sizes by which the drivers divide their work. They do not depend on the machine, so results do not either.
enum BlockSize {
  /// Bytes of input an item works on at once: they stay in the L2 cache beside a panel.
  static let strip = 384 << 10
  /// Bytes of one panel block: longer inner dimensions are split.
  static let panel = 320 << 10
  /// Bytes of panels that stay in the L1 cache beside the input.
  static let smallPanels = 16 << 10
  /// Approximate multiply-accumulates of an item: milliseconds, so that an interrupt is noticed.
  static let itemWork = 96 << 20
  /// Fewer items than this are split further, to give all threads work.
  static let items = 16
}

/// `count` split into the fewest, nearly equal parts of at most `maximum`: part i is `range(i)`.
package struct Partition {
  package let count: Int
  package let parts: Int
  /// The size of every part, and how many of the first have one more; kept because a division costs as much as a small
  /// tile.
  private let (size, rest): (Int, Int)

  package init(_ count: Int, parts: Int) {
    self.count = count
    self.parts = Swift.max(1, Swift.min(parts, count))
    (size, rest) = count.quotientAndRemainder(dividingBy: self.parts)
  }

  package init(_ count: Int, atMost maximum: Int) {
    self.init(count, atMost: maximum, atLeast: 1)
  }

  /// At least `parts` parts, if `count` allows.
  package init(_ count: Int, atMost maximum: Int, atLeast parts: Int) {
    let maximum = Swift.max(1, Swift.min(count, maximum))
    self.init(count, parts: Swift.max(parts, (count + maximum - 1) / maximum))
  }

  /// The size of the largest part.
  package var largest: Int { rest > 0 ? size + 1 : size }

  package func range(_ part: Int) -> Range<Int> {
    let first = part &* size &+ Swift.min(part, rest)
    return Range(uncheckedBounds: (first, first &+ size &+ (part < rest ? 1 : 0)))
  }
}
