import Kernels
import Parallel

/// The engine itself: its threads and the instruction set it uses.
public enum Engine {
  /// Threads that compute, including the caller's. The default is the smallest of the processors this process may
  /// use, its cgroup's quota, and what the environment requests. Results do not depend on it.
  public static var threadCount: Int { ThreadPool.shared.threadCount }

  /// - Throws: ``EngineError/invalidValue(_:)`` outside 1 … 256.
  public static func setThreadCount(_ count: Int) throws { try ThreadPool.shared.setThreadCount(count) }

  /// The kernels in use: portable, avx2, avx512, avx512_vnni, avx512_bf16 or amx.
  /// - Throws: ``EngineError/unsupported(_:)`` if SWIFTALEXNET_ISA names what this processor does not have.
  public static var instructionSet: String { get throws { try KernelRegistry.selected.get().name } }

  /// The precisions this processor can compute in.
  /// - Throws: as ``instructionSet``.
  public static var precisions: [Precision] { get throws { try Precision.available(in: ComputeContext()) } }
}
