/// Innermost loops of everything that is not a matrix product.
public struct PointwiseKernels: Sendable {
  public init() {}
}
