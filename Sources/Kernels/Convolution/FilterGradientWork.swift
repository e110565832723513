import Tensors

/// How the work of a filter gradient is cut into items, and the work of one item on one unit.
///
/// An item owns a *part* of dW, some taps and some output channels, so that its part stays in the cache while the pixels
/// of all images go by. Pixels come in *units* whose operands fit the cache; rounds of units keep items short. A dW of
/// few parts is made in several copies, each from a *share* of the units, and the copies are added in their order.
protocol FilterGradientWork {
  associatedtype Element

  /// Of what ``addUnit(_:part:input:outputGradient:weightGradient:scratch:)`` needs.
  var layout: ScratchLayout { get }
  /// Parts of dW.
  var parts: Int { get }
  /// The units, cut into a share for each copy of dW.
  var shares: Partition { get }
  var unitsPerRound: Int { get }

  /// Adds the pixels of a unit to a part of `weightGradient`.
  func addUnit(
    _ unit: Int, part: Int, input: UnsafePointer<Element>, outputGradient: UnsafePointer<Element>,
    weightGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer)
}

extension FilterGradientWork {
  /// Bytes of input and output gradient that go by in a round: all parts find them in the third-level cache.
  static var roundBytes: Int { 2 << 20 }

  var rounds: Int { (shares.largest + unitsPerRound - 1) / unitsPerRound }

  /// The units of one share that are done in one round.
  func units(share: Int, round: Int) -> Range<Int> {
    let all = shares.range(share)
    let first = min(all.upperBound, all.lowerBound &+ round &* unitsPerRound)
    return Range(uncheckedBounds: (first, min(all.upperBound, first &+ unitsPerRound)))
  }
}
