import Synchronization
import Tensors

/// Finds infinities and NaNs, as fast as memory can be read.
public enum Finite {
  /// The index of the first value that is infinite or NaN.
  public static func firstNonFinite(
    count: Int, values: UnsafePointer<Float>, context: ComputeContext
  ) throws -> Int? {
    let kernel = context.kernels.pointwise.firstNonFinite
    let first = Atomic<Int>(count)
    try Elements.forEachBlock(count, context: context) { start, length in
      guard start < first.load(ordering: .relaxed) else { return }
      let found = kernel(length, values + start)
      if found < length { first.min(start &+ found, ordering: .relaxed) }
    }
    let index = first.load(ordering: .relaxed)
    return index < count ? index : nil
  }

  /// The largest |value|: infinite or NaN if some value is.
  public static func largestMagnitude(
    count: Int, values: UnsafePointer<Float>, context: ComputeContext
  ) throws -> Float {
    let kernel = context.kernels.pointwise.largestMagnitude
    // Without the sign, bit patterns are ordered like the numbers, infinity and then NaN last.
    let largest = Atomic<UInt32>(0)
    try Elements.forEachBlock(count, context: context) { start, length in
      let magnitude = kernel(length, values + start)
      if magnitude > 0 || magnitude.isNaN { largest.max(magnitude.bitPattern, ordering: .relaxed) }
    }
    return Float(bitPattern: largest.load(ordering: .relaxed))
  }
}
