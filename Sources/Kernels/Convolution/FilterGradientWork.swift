import Tensors

/// How the work of a filter gradient is divided into items, and the work of one item on one unit.
///
/// An item owns a *part* of dW, some taps and some output channels, so that its part stays in the cache while the
/// pixels of all images stream through. Pixels come in *units* whose operands fit the cache; rounds of units keep items
/// short. A dW with few parts is computed in several copies, each from a *share* of the units, and the copies are added
/// in order.
protocol FilterGradientWork {
  associatedtype Element

  /// The scratch of ``addUnit(_:part:input:outputGradient:weightGradient:scratch:)``.
  var layout: ScratchLayout { get }
  /// Parts of dW.
  var parts: Int { get }
  /// The units, divided into a share for each copy of dW.
  var shares: Partition { get }
  var unitsPerRound: Int { get }

  /// Adds the pixels of a unit to a part of `weightGradient`.
  func addUnit(
    _ unit: Int, part: Int, input: UnsafePointer<Element>, outputGradient: UnsafePointer<Element>,
    weightGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer)
}

extension FilterGradientWork {
  /// Bytes of input and output gradient read in a round: all parts find them in the L3 cache.
  static var roundBytes: Int { 2 << 20 }

  var rounds: Int { (shares.largest + unitsPerRound - 1) / unitsPerRound }

  /// The units of one share in one round.
  func units(share: Int, round: Int) -> Range<Int> {
    let all = shares.range(share)
    let first = min(all.upperBound, all.lowerBound &+ round &* unitsPerRound)
    return Range(uncheckedBounds: (first, min(all.upperBound, first &+ unitsPerRound)))
  }
}
