import Networks
import Tensors
import XCTest

@testable import Training

/// A network small enough to train in milliseconds, and images of three classes that it can tell apart.
enum SmallTask {
  static let batch = 6
  static let labels: [Int32] = [0, 1, 2, 0, 1, 2]
  /// [batch][16][16][3]
  static let images: [Float] = {
    let generator = Philox(seed: 4, purpose: .test, step: 0)
    let imageSize = 3 * 16 * 16
    return (0..<batch * imageSize).map { index -> Float in
      // A bias by class makes the task learnable.
      Philox.unit(generator.words(UInt64(index))[0]) + Float(index / imageSize % 3)
    }
  }()

  /// Convolution, norm, pool, dropout and two dense layers.
  static func network() throws -> Network {
    let text = """
      network small
      data channels=3 height=16 width=16
      convolution conv1 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=1
      relu relu1
      response_norm norm1 size=5 alpha=0.0001 beta=0.75 k=2.0 alpha_over_n=0 groups=1
      max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
      dense fc2 outputs=16
      relu relu2
      dropout drop2 probability=0.5 form=paper2012
      dense fc3 outputs=3
      softmax prob
      """
    return try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
  }

  /// Weights and velocities.
  static func state(_ network: Network) throws -> [[Float]] {
    try network.parameters.flatMap { [Array($0.value.buffer), Array(try $0.makeVelocity().buffer)] }
  }
}
