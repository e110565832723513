import Kernels
import Parallel

/// The engine itself: its threads, and the instructions that it computes with.
public enum Engine {
  /// Threads that compute, the calling one included. By default the smallest of the processors that this process may use,
  /// its cgroup's quota, and what the environment asks for. Results do not depend on it.
  public static var threadCount: Int { ThreadPool.shared.threadCount }

  /// - Throws: ``EngineError/invalidValue(_:)`` outside 1 … 256.
  public static func setThreadCount(_ count: Int) throws { try ThreadPool.shared.setThreadCount(count) }

  /// The kernels in use: portable, avx2, avx512, avx512_bf16 or amx.
  /// - Throws: ``EngineError/unsupported(_:)`` where SWIFTALEXNET_ISA asks for what this processor does not have.
  public static var instructionSet: String { get throws { try KernelRegistry.selected.get().name } }

  /// What this processor computes in.
  /// - Throws: as ``instructionSet``.
  public static var precisions: [Precision] { get throws { try Precision.available(in: ComputeContext()) } }
}
