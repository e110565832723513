import CShims
import Tensors

/// How fast this machine reads memory, measured; the speed of layers that compute little is compared with it.
public enum MemoryBandwidth {
  /// Bytes per second read by all threads together: the best of several rounds over a block larger than most caches,
  /// because other work on the machine can only slow one down.
  public static func measure(context: ComputeContext) throws -> Double {
    let block = try AlignedBuffer<Float>(count: blockBytes / MemoryLayout<Float>.stride, operation: "memory bandwidth")
    return try withExtendedLifetime(block) {
      var best = 0.0
      for _ in 0..<rounds {
        let start = shim_seconds()
        _ = try Finite.firstNonFinite(count: block.count, values: block.pointer, context: context)
        best = max(best, Double(blockBytes) / (shim_seconds() - start))
      }
      return best
    }
  }

  private static let blockBytes = 256 << 20
  private static let rounds = 6
}
