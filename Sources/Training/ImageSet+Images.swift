import Imaging
import Tensors

extension ImageSet {
  /// Images of one size, each with its class index.
  /// - Throws: ``EngineError/invalidValue(_:)`` if there are none, if sizes differ, or for an invalid label or weight.
  public init(_ images: [Image], labels: [Int], sampleWeights: [Float]? = nil) throws {
    guard let first = images.first, images.count == labels.count else {
      throw EngineError.invalidValue(
        "image set: got \(images.count) images and \(labels.count) labels, expected as many, at least one")
    }
    if let index = images.firstIndex(where: { !$0.hasSize(of: first) }) {
      let (other, size) = (images[index], "\(first.height)×\(first.width)×\(first.channels)")
      throw EngineError.invalidValue(
        "image set: image \(index) is of \(other.height)×\(other.width)×\(other.channels), expected the first one's "
          + "\(size): bring all images to one size")
    }
    let numbers = try labels.enumerated().map { index, label in
      guard let number = Int32(exactly: label), number >= 0 else {
        throw EngineError.invalidValue("image set: label \(index) is \(label), expected the number of a class, from 0")
      }
      return number
    }
    try self.init(
      pixels: images.flatMap(\.pixels), labels: numbers, height: first.height, width: first.width,
      channels: first.channels, sampleWeights: sampleWeights)
  }

  public var count: Int { labels.count }

  /// - Throws: ``EngineError/invalidValue(_:)`` for an index out of range.
  public func image(_ index: Int) throws -> Image {
    guard labels.indices.contains(index) else {
      throw EngineError.invalidValue("image set: got image \(index), expected 0 to \(count - 1)")
    }
    return try Image(
      pixels: Array(pixels[index * imageSize..<(index + 1) * imageSize]), height: height, width: width,
      channels: channels)
  }

  /// The mean of every pixel over all images (Krizhevsky et al. 2012, section 2). Sums are integers, so the result does
  /// not depend on the order of the images.
  public var meanImage: Preprocessing.Mean {
    .image(height: height, width: width, values: pixelSums.map { Float(Double($0) / Double(count)) })
  }

  /// The mean of every channel over all pixels of all images (Simonyan and Zisserman 2014, section 2.1).
  public var meanOfChannels: Preprocessing.Mean {
    var sums = [Int](repeating: 0, count: channels)
    for (index, sum) in pixelSums.enumerated() { sums[index % channels] += sum }
    return .channels(sums.map { Float(Double($0) / Double(count * height * width)) })
  }

  private var pixelSums: [Int] {
    var sums = [Int](repeating: 0, count: imageSize)
    for image in 0..<count {
      for value in 0..<imageSize { sums[value] += Int(pixels[image * imageSize + value]) }
    }
    return sums
  }
}
