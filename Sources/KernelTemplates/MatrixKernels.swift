/// Innermost loops of matrix products: convolution and dense layers in all directions.
public struct MatrixKernels: Sendable {
  public init() {}
}
