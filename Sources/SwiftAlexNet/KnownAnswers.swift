import Imaging
import Networks
import Parallel
import Tensors

/// Outputs for some images, as they were when the model's file was written.
package struct KnownAnswers: Sendable {
  /// SHA-256 of each image, in hexadecimal.
  package let inputs: [String]
  /// The largest difference of an output that passes, relative to the largest output of its image.
  package let bound: Double
  /// Logits, or maps with the channels first: [inputs][outputs].
  package let outputs: AlignedBuffer<Float>
  /// Of the network when they were read.
  let parameterChanges: [Int?]

  package init(inputs: [String], bound: Double, outputs: AlignedBuffer<Float>, of network: Network) {
    (self.inputs, self.bound, self.outputs) = (inputs, bound, outputs)
    parameterChanges = network.parameterChanges
  }
}

extension Model {
  /// The logits of the centre of an image [side][side][channels], or the maps of a network without classes, the
  /// channels first.
  /// - Throws: ``EngineError/invalidValue(_:)`` for a model without preprocessing and for an image that is too small,
  ///   ``EngineError/nonFinite(_:)``, ``EngineError/outOfMemory(_:)``.
  package func outputs(ofImage pixels: UnsafePointer<UInt8>, side: Int, operation: String) throws -> [Float] {
    let preprocessing = try requirePreprocessing(operation)
    let node = network.spec.nodes[network.logitsNode].name
    var outputs = [Float](repeating: 0, count: network.classCount)
    try outputs.withUnsafeMutableBufferPointer { outputs in
      guard let start = outputs.baseAddress else { return }
      try network.capture(
        [node], batch: 1, height: preprocessing.cropHeight, width: preprocessing.cropWidth, layout: .nchw,
        input: network.whitened { input, range, _ in
          try ImageInput.crops(
            images: pixels, count: 1, height: side, width: side, channels: self.network.spec.input.channels,
            preprocessing: preprocessing, views: .center, range: range, output: input, pool: .shared)
        }, into: [start])
    }
    guard let value = outputs.first(where: { !$0.isFinite }) else { return outputs }
    throw EngineError.nonFinite("\(operation): \(node) holds \(value.inWords)")
  }
}
