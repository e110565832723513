/// Sums of arrays in a fixed order, in pairs of neighbours: ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)).
///
/// The half of a sum is a sum of the same kind. So 2ⁿ terms give the same bits wherever they are added: all in one
/// process, or half of them in each of two, whose sums are added last.
public enum PairwiseSum {
  /// Arrays beside the result that a sum of so many terms needs at once.
  public static func slots(_ terms: Int) -> Int {
    var slots = 0
    while 1 << slots < terms { slots += 1 }
    return slots
  }

  /// Sums `terms` terms, a power of two, into slot 0.
  /// - Parameters:
  ///   - write: writes a term into a slot, from 0 to ``slots(_:)``.
  ///   - add: adds the second slot to the first.
  @inline(__always)
  static func sum(
    terms: Int, write: (_ term: Int, _ slot: Int) throws -> Void, add: (_ slot: Int, _ other: Int) throws -> Void
  ) rethrows {
    var used = 0
    for term in 0..<terms {
      try write(term, used)
      used = used &+ 1
      // As in a binary counter: a sum of 2ⁿ terms meets one of as many.
      var count = term &+ 1
      while count & 1 == 0 && used > 1 {
        try add(used &- 2, used &- 1)
        used = used &- 1
        count >>= 1
      }
    }
  }
}
