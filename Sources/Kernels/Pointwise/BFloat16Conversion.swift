import KernelTemplates
import Tensors

/// Converts whole tensors between float32 and bfloat16.
public enum BFloat16Conversion {
  /// output = input, exactly.
  public static func widen(
    count: Int, input: UnsafePointer<BFloat16>, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let kernel = try context.matrixKernelsBFloat16(operation: "widen").widen
    try Elements.forEachBlock(count, context: context) { kernel($1, input + $0, output + $0) }
  }

  /// output = input, rounded to the nearest, ties to even.
  public static func narrow(
    count: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    let kernel = try context.matrixKernelsBFloat16(operation: "narrow").narrow
    try Elements.forEachBlock(count, context: context) { kernel($1, input + $0, output + $0) }
  }

  // For messages between processes: on any instruction set the same bits, and on the caller's thread alone, which goes
  // on beside a pass that occupies the others.

  public static func widen(_ input: UnsafeBufferPointer<UInt16>, into output: UnsafeMutablePointer<Float>) {
    for index in input.indices { output[index] = BFloat16(bits: input[index]).float }
  }

  /// Rounded to the nearest, ties to even.
  public static func narrow(_ input: UnsafeBufferPointer<Float>, into output: UnsafeMutablePointer<UInt16>) {
    for index in input.indices { output[index] = BFloat16(input[index]).bits }
  }
}
