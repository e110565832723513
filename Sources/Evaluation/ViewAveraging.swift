import Imaging
import Kernels
import Networks
import Parallel
import Tensors

extension Network {
  /// Approximate number of views computed together; chunks never depend on the number of threads.
  private static let viewsPerChunk = 120

  /// Probabilities [count][classes] of uint8 images [count][height][width][channels]: the mean of the softmaxes of
  /// an image's views (Krizhevsky et al. 2012, section 4.1; Simonyan and Zisserman 2014, section 3.2).
  ///
  /// The bits depend neither on the number of threads nor, with the engine's own kernels, on the rest of the batch.
  public func predict(
    images: UnsafePointer<UInt8>, count: Int, height: Int, width: Int, preprocessing: Preprocessing,
    views: ImageInput.Views, arithmetic: Arithmetic = Arithmetic(),
    into output: UnsafeMutablePointer<Float>
  ) throws {
    try requireInput(
      FeatureShape(
        height: preprocessing.cropHeight, width: preprocessing.cropWidth, channels: spec.input.channels),
      operation: "predict")
    let classes = classCount
    let chunk = max(1, Self.viewsPerChunk / views.count)
    let imageSize = try Extent.product([height, width, spec.input.channels], operation: "predict")
    let scratch = try AlignedBuffer<Float>(
      count: try Extent.product([min(chunk, count), views.count, classes], operation: "predict"),
      operation: "predict")
    try withExtendedLifetime(scratch) {
      for first in stride(from: 0, to: count, by: chunk) {
        let images = images + first * imageSize
        let chunkCount = min(chunk, count - first)
        try probabilities(
          batch: chunkCount * views.count, arithmetic: arithmetic,
          input: whitened { input, range, _ in
            try ImageInput.crops(
              images: images, count: chunkCount, height: height, width: width, channels: self.spec.input.channels,
              preprocessing: preprocessing, views: views, range: range, output: input, pool: .shared)
          }, into: scratch.pointer)
        for image in 0..<chunkCount {
          columnMeans(
            scratch.pointer + image * views.count * classes, rows: views.count, columns: classes, summing: Float.self,
            into: output + (first + image) * classes)
        }
      }
    }
  }
}
