import Synchronization
import Tensors

/// The search for infinities and NaNs, at the speed of reading memory.
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
}
