/// Where the parts of an item's scratch memory lie: parts are reserved one after another, each at the beginning of
/// a cache line.
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
  /// The product, or `Int.max` when it does not fit: for estimates of work.
  func saturatingTimes(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}

/// Sizes that the drivers cut their work to. They depend on no machine, so that results do not either.
enum BlockSize {
  /// Bytes of input that an item works on at once: stays in the second-level cache beside a panel.
  static let strip = 384 << 10
  /// Bytes of one panel block: longer inner dimensions are cut.
  static let panel = 320 << 10
  /// Multiply-accumulates of an item, about: milliseconds, so that an interrupt is noticed.
  static let itemWork = 96 << 20
  /// Fewer items than this are cut further, so that threads have something to share.
  static let items = 16
}

/// `count` cut into the fewest parts of at most `maximum`, nearly equal: part i is `range(i)`.
package struct Partition {
  package let count: Int
  package let parts: Int

  package init(_ count: Int, atMost maximum: Int) {
    self.count = count
    parts = Swift.max(1, (count + maximum - 1) / Swift.max(1, maximum))
  }

  /// At least `parts` parts, if there are so many to make.
  package init(_ count: Int, atMost maximum: Int, atLeast parts: Int) {
    self.init(count, parts: Swift.max(parts, Partition(count, atMost: Swift.min(count, Swift.max(1, maximum))).parts))
  }

  package init(_ count: Int, parts: Int) {
    self.count = count
    self.parts = Swift.max(1, Swift.min(parts, count))
  }

  /// The most that a part holds.
  package var largest: Int { (count + parts - 1) / parts }

  package func range(_ part: Int) -> Range<Int> {
    let (size, rest) = (count / parts, count % parts)
    let first = part &* size &+ Swift.min(part, rest)
    return Range(uncheckedBounds: (first, first &+ size &+ (part < rest ? 1 : 0)))
  }
}
