/// Directions in which the colours of a training set vary, and how far; colour noise moves along them.
public struct ColorComponents: Hashable, Sendable {
  /// p_k: three rows of red, green, blue.
  public let eigenvectors: [[Double]]
  /// √λ_k, on the scale 0 … 255. The paper writes λ; its authors' code takes the root, which alone has sensible
  /// magnitudes.
  public let deviations: [Double]

  /// Of ILSVRC-2012: cuda-convnet2, make-data/input_meta, `color_pca`.
  public static let ilsvrc = ColorComponents(
    eigenvectors: [
      [-0.56351045, -0.57618440, -0.59200296],
      [-0.71257945, -0.02354167, 0.70119634],
      [0.41795513, -0.81698062, 0.39731118],
    ],
    deviations: [121.78006099, 37.09388853, 19.72083305])

  /// One component per line: its deviation and its red, green and blue. Numbers read back exactly.
  public var text: String {
    zip(deviations, eigenvectors).map { deviation, vector in
      ([deviation] + vector).map { "\($0)" }.joined(separator: " ") + "\n"
    }.joined()
  }
}
