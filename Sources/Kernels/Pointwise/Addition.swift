import KernelTemplates
import Tensors

/// Sums of two arrays, element by element.
public enum Addition {
  /// Adds `values` to `sums`.
  public static func add(
    count: Int, _ values: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try Elements.forEachBlock(count, context: context) { start, count in
      for index in start..<start &+ count { sums[index] += values[index] }
    }
  }

  /// Adds `values` to `sums`, both rounded to bfloat16 first: the sum of what two processes send each other.
  static func addRounded(count: Int, _ values: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Float>) {
    for index in 0..<count { sums[index] = BFloat16(sums[index]).float + BFloat16(values[index]).float }
  }

  /// The same with sums in bfloat16: added in float32, and rounded once.
  public static func add(
    count: Int, _ values: UnsafePointer<Float>, toBFloat16 sums: UnsafeMutablePointer<BFloat16>,
    context: ComputeContext
  ) throws {
    let bfloat16 = try context.matrixKernelsBFloat16(operation: "add")
    try Elements.forEachWidenedBlock(count, operands: 1, context: context) { start, count, widened in
      bfloat16.widen(count, sums + start, widened)
      for index in 0..<count { widened[index] += values[start &+ index] }
      bfloat16.narrow(count, widened, sums + start)
    }
  }
}
