import Imaging
import Kernels
import Networks
import Parallel
import Tensors

/// Dense evaluation (Simonyan and Zisserman 2014, section 3.2): the network runs on whole images of any size, and its
/// scores are averaged over all positions.
extension Network {
  /// Probabilities [count][classes] of uint8 images [count][height][width][channels]: the softmax of the score map's
  /// mean; with `mirror`, averaged with that of the mirror image.
  ///
  /// An image as large as the crop has one position, and gets the probabilities of the centre crop (minus the same
  /// channel means: see ``Preprocessing/whole(height:width:)``). The bits depend neither on the number of threads nor,
  /// with the engine's own kernels, on the rest of the batch.
  /// - Throws: ``EngineError/invalidValue(_:)`` for images that are too small, naming the smallest.
  public func predictDense(
    images: UnsafePointer<UInt8>, count: Int, height: Int, width: Int, channels: Int, preprocessing: Preprocessing,
    mirror: Bool, arithmetic: Arithmetic = Arithmetic(), into output: UnsafeMutablePointer<Float>
  ) throws {
    let (operation, classes) = ("dense evaluation", classCount)
    guard count >= 1 else { throw EngineError.invalidValue("\(operation): got \(count) images, expected at least 1") }
    let whole = try wholeImages(height: height, width: width, channels: channels, preprocessing: preprocessing)
    let size = try scoreMapSize(height: height, width: width)
    let views = mirror ? ImageInput.Views.centerAndMirror : .center
    let chunk = min(count, max(1, try imagesPerChunk(height: height, width: width) / views.count))
    let positions = size.rows * size.columns
    let rows = try Extent.product([chunk, views.count], operation: operation)
    let maps = try AlignedBuffer<Float>(
      count: try Extent.product([rows, positions, classes], operation: operation), operation: operation)
    let scratch = try AlignedBuffer<Float>(
      count: try Extent.product([rows, classes], operation: operation), operation: operation)
    let imageSize = try Extent.product([height, width, channels], operation: operation)
    let context = try ComputeContext()
    try withExtendedLifetime((maps, scratch)) {
      for first in stride(from: 0, to: count, by: chunk) {
        let images = images + first * imageSize
        let chunkCount = min(chunk, count - first)
        try scoreMap(
          images: images, count: chunkCount, height: height, width: width, whole: whole, views: views,
          arithmetic: arithmetic, into: maps.pointer)
        for view in 0..<chunkCount * views.count {
          columnMeans(
            maps.pointer + view * positions * classes, rows: positions, columns: classes, summing: Double.self,
            into: scratch.pointer + view * classes)
        }
        try SoftmaxCrossEntropy.softmax(
          rows: chunkCount * views.count, classes: classes, logits: scratch.pointer, probabilities: scratch.pointer,
          context: context)
        for image in 0..<chunkCount {
          columnMeans(
            scratch.pointer + image * views.count * classes, rows: views.count, columns: classes, summing: Double.self,
            into: output + (first + image) * classes)
        }
      }
    }
  }

  /// Logits [count · views][rows][columns][classes] of whole images, rows and columns as given by
  /// ``scoreMapSize(height:width:)``.
  public func scoreMap(
    images: UnsafePointer<UInt8>, count: Int, height: Int, width: Int, channels: Int, preprocessing: Preprocessing,
    views: ImageInput.Views = .center, arithmetic: Arithmetic = Arithmetic(),
    into output: UnsafeMutablePointer<Float>
  ) throws {
    let whole = try wholeImages(height: height, width: width, channels: channels, preprocessing: preprocessing)
    try scoreMap(
      images: images, count: count, height: height, width: width, whole: whole, views: views,
      arithmetic: arithmetic, into: output)
  }

  /// The preprocessing of whole images, from that of the network's crops.
  private func wholeImages(
    height: Int, width: Int, channels: Int, preprocessing: Preprocessing
  ) throws -> Preprocessing {
    try requireInput(
      FeatureShape(height: preprocessing.cropHeight, width: preprocessing.cropWidth, channels: channels),
      operation: "dense evaluation")
    return try preprocessing.whole(height: height, width: width)
  }

  private func scoreMap(
    images: UnsafePointer<UInt8>, count: Int, height: Int, width: Int, whole: Preprocessing, views: ImageInput.Views,
    arithmetic: Arithmetic, into output: UnsafeMutablePointer<Float>
  ) throws {
    try scoreMap(
      batch: try Extent.product([count, views.count], operation: "dense evaluation"), height: height, width: width,
      arithmetic: arithmetic,
      input: { input, range, _ in
        try self.requireNoWhitening(operation: "dense evaluation")
        try ImageInput.crops(
          images: images, count: count, height: height, width: width, channels: self.spec.input.channels,
          preprocessing: whole, views: views, range: range, output: input, pool: .shared)
      }, into: output)
  }
}
