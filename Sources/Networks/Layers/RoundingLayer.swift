import Kernels
import Parallel
import Tensors

/// Any layer between activations in bytes: computes in float32, a few images at a time, which stay in a cache, and
/// rounds its output.
struct RoundingLayer: Int8LogitsLayer {
  let layer: any Layer
  let input: Quantization
  let output: Quantization

  /// Enough for all threads.
  private var imagesAtOnce: Int {
    max(ThreadPool.shared.threadCount, Self.cachedFloats / (layer.inputShape.count + layer.outputShape.count))
  }
  private static let cachedFloats = 256 << 10

  func memory(batch: Int) -> LayerMemory {
    LayerMemory(forwardScratch: FloatTensors(layer, images: min(batch, imagesAtOnce)).byteCount)
  }

  func forward(_ operands: TypedForwardOperands<UInt8, UInt8>) throws {
    let (context, count) = (operands.context, layer.outputShape.count)
    try forward(operands) { images, values in
      try output.quantizeFinite(
        layer.detail, count: images.count * count, UnsafePointer(values),
        into: operands.output + images.lowerBound * count, context: context)
    }
  }

  func forward(_ operands: TypedForwardOperands<UInt8, Float>) throws {
    let count = layer.outputShape.count
    try forward(operands) { images, values in
      try operands.context.forEach(images.count) { image, _ in
        (operands.output + (images.lowerBound &+ image) &* count).update(from: values + image &* count, count: count)
      }
    }
  }

  private func forward<Output>(
    _ operands: TypedForwardOperands<UInt8, Output>,
    _ finish: (_ images: Range<Int>, _ values: UnsafeMutablePointer<Float>) throws -> Void
  ) throws {
    let parts = Partition(operands.batch, atMost: imagesAtOnce)
    let tensors = FloatTensors(layer, images: parts.largest)
    let (count, context) = (layer.inputShape.count, operands.context)
    let values = operands.scratch.assumingMemoryBound(to: Float.self)
    let result = (operands.scratch + tensors.outputOffset).assumingMemoryBound(to: Float.self)
    for part in 0..<parts.parts {
      let images = parts.range(part)
      try input.dequantize(
        count: images.count * count, input: operands.input + images.lowerBound * count, output: values,
        context: context)
      try layer.forward(
        operands.replacing(
          batch: images.count, input: UnsafePointer(values), output: result,
          auxiliary: tensors.auxiliaryOffset.map { operands.scratch + $0 }))
      try finish(images, result)
    }
  }
}

/// The float32 tensors of a layer, one after another: input, output, and what it writes besides.
private struct FloatTensors {
  let outputOffset: Int
  /// nil if the layer writes nothing besides.
  let auxiliaryOffset: Int?
  let byteCount: Int

  init(_ layer: any Layer, images: Int) {
    outputOffset = Self.bytes(images * layer.inputShape.count * MemoryLayout<Float>.stride)
    let end = outputOffset + Self.bytes(images * layer.outputShape.count * MemoryLayout<Float>.stride)
    let auxiliary = layer.auxiliaryBytes(batch: images, training: false)
    auxiliaryOffset = auxiliary > 0 ? end : nil
    byteCount = end + (auxiliary > 0 ? Self.bytes(auxiliary) : 0)
  }

  /// Whole cache lines, and one more for kernels that read past the end.
  private static func bytes(_ count: Int) -> Int {
    let line = AlignedBuffer<UInt8>.alignment
    return (count / line + 2) * line
  }
}
