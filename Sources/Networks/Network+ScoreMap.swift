import Kernels
import Tensors

/// Dense evaluation's first half: a network on images of any size (Sermanet et al. 2013; Simonyan and Zisserman 2014,
/// section 3.2).
///
/// The nodes before the first dense layer compute the feature map of the whole image. The rest slides over it: every
/// window as large as the feature map of the network's own size goes through the dense layers; one position to the
/// right or below is as many pixels as the product of the strides. No weight is converted, and a window's scores are
/// those of the crop under it, except that padding surrounds a crop but not the same pixels within an image.
/// Convolutions keep the padding of the network's own size, on the sides where they have it.
///
/// An adaptive average pool counts as the first dense layer: it sees each window. If the map is smaller than the
/// window, it averages the map as it would a whole window, as torchvision's networks do.
extension Network {
  /// Windows that go through the dense layers together: enough to read large weights rarely, few enough to bound the
  /// memory of the windows, which overlap and are copied out one by one.
  private static let windowsPerBlock = 256
  /// Images of the network's own size whose feature maps are computed together.
  private static let imagesPerChunk = 40

  /// Rows and columns of the score map for images of `height` × `width` pixels.
  /// - Throws: ``EngineError/invalidValue(_:)`` for a network without dense layers, and for images that are too small,
  ///   naming the smallest; ``EngineError/unsupported(_:)`` for layers with weights for one size only.
  public func scoreMapSize(height: Int, width: Int) throws -> (rows: Int, columns: Int) {
    let slide = try slide(height: height, width: width)
    return (slide.rows, slide.columns)
  }

  /// How many images of a size are computed together: about as many pixels for any size and number of threads.
  package func imagesPerChunk(height: Int, width: Int) throws -> Int {
    let pixels = try Extent.product([height, width], operation: "dense evaluation")
    return max(1, Self.imagesPerChunk * spec.input.height * spec.input.width / max(1, pixels))
  }

  /// Logits [batch][rows][columns][classes] of images of `height` × `width` pixels, for inference.
  ///
  /// The bits depend neither on the number of threads nor, with the engine's own kernels, on the rest of the batch.
  /// - Parameter input: writes images [range][height][width][channels].
  /// - Throws: ``EngineError/nonFinite(_:)`` for scores that are infinite or NaN, naming the parameter or node.
  public func scoreMap(
    batch: Int, height: Int, width: Int, arithmetic: Arithmetic = Arithmetic(), input: InputWriter,
    into output: UnsafeMutablePointer<Float>
  ) throws {
    guard batch >= 1 else {
      throw EngineError.invalidValue("dense evaluation: got \(batch) images, expected at least 1")
    }
    let slide = try slide(height: height, width: width)
    let chunk = min(batch, try imagesPerChunk(height: height, width: width))
    let scores = try Extent.product([slide.rows, slide.columns, classCount], operation: "dense evaluation")
    try usage.reading {
      let features = try makeExecution(
        Pass(nodes: 0...slide.classifier - 1, input: slide.layers[0].inputShape, arithmetic: arithmetic),
        layers: slide.layers, batch: chunk)
      try withExtendedLifetime(features) {
        for first in stride(from: 0, to: batch, by: chunk) {
          let images = first..<min(first + chunk, batch)
          try features.writeInput(images, input)
          try features.forward(batch: images.count, dropout: nil)
          try classify(slide, maps: features, images: images.count, into: output + first * scores)
          try requireFinite(
            output + first * scores, count: images.count, rowCount: scores, of: "dense evaluation: a score is",
            layers: slide.layers, last: slide.classifier - 1, arithmetic: arithmetic, context: features.context
          ) { target, range, context in
            try input(target, range.lowerBound + first..<range.upperBound + first, context)
          }
        }
      }
    }
  }

  /// Logits of every window of `images` feature maps.
  private func classify(
    _ slide: Slide, maps: Execution, images: Int, into output: UnsafeMutablePointer<Float>
  ) throws {
    let blocks = Partition(images * slide.rows * slide.columns, atMost: Self.windowsPerBlock)
    try withClassifier(slide, batch: blocks.largest, arithmetic: maps.pass.arithmetic) { classifier in
      for block in 0..<blocks.parts {
        let windows = blocks.range(block)
        try slide.gather(
          windows, maps: maps.rawResult, pixelBytes: maps.resultBytes / (slide.map.height * slide.map.width),
          into: classifier.rawInput, context: classifier.context)
        try classifier.forward(batch: windows.count, dropout: nil)
        (output + windows.lowerBound * classCount).update(from: classifier.result, count: windows.count * classCount)
      }
    }
  }

  /// The dense layers as applied to crops; an adaptive pool before them makes up a window of its own size if it must.
  private func withClassifier(
    _ slide: Slide, batch: Int, arithmetic: Arithmetic, _ body: (Execution) throws -> Void
  ) throws {
    let nodes = slide.classifier...logitsNode
    guard slide.window != layers[slide.classifier].inputShape else {
      return try withExecution(pass(nodes, arithmetic), batch: batch, body)
    }
    let execution = try makeExecution(
      Pass(nodes: nodes, input: slide.layers[slide.classifier].inputShape, arithmetic: arithmetic),
      layers: slide.layers,
      batch: batch)
    try withExtendedLifetime(execution) { try body(execution) }
  }

  // MARK: Shapes

  private func slide(height: Int, width: Int) throws -> Slide {
    let first = spec.nodes.firstIndex { $0.operation.spec.seesWindows }
    guard let classifier = first, classifier > 0 else {
      throw EngineError.invalidValue(
        first == nil
          ? "dense evaluation: \(spec.name) has no dense layer that could slide over a feature map"
          : "dense evaluation: \(spec.name) begins with a dense layer, so there is no feature map for it to slide over")
    }
    do {
      return try slide(height: height, width: width, classifier: classifier)
    } catch EngineError.invalidValue {
      let native = spec.input
      func fits(_ height: Int, _ width: Int) throws -> Bool {
        do {
          _ = try slide(height: height, width: width, classifier: classifier)
          return true
        } catch EngineError.invalidValue { return false }
      }
      let smallestHeight = try (1...native.height).first { try fits($0, native.width) } ?? native.height
      let smallestWidth = try (1...native.width).first { try fits(native.height, $0) } ?? native.width
      throw EngineError.invalidValue(
        "dense evaluation: got images of \(height)×\(width) pixels, \(spec.name) needs \(smallestHeight)×"
          + "\(smallestWidth) or more")
    }
  }

  private func slide(height: Int, width: Int, classifier: Int) throws -> Slide {
    guard min(height, width) >= 1 else { throw EngineError.invalidValue("got images of \(height)×\(width) pixels") }
    let image = FeatureShape(height: height, width: width, channels: spec.input.channels)
    var resized = try layers(reading: image, through: classifier - 1, operation: "dense evaluation")
    let shape = resized[classifier - 1].outputShape
    var window = layers[classifier].inputShape
    if spec.nodes[classifier].operation.spec is AdaptiveAveragePoolSpec {
      window.height = min(window.height, shape.height)
      window.width = min(window.width, shape.width)
      resized[classifier] = try layer(classifier, reading: window, operation: "dense evaluation")
    }
    guard shape.height >= window.height, shape.width >= window.width else {
      throw EngineError.invalidValue("the feature map \(shape) is smaller than \(window)")
    }
    return Slide(layers: resized, classifier: classifier, map: shape, window: window)
  }
}

/// A network applied to images of one size.
private struct Slide {
  /// All layers: before the classifier for the whole image, from there on for one window.
  let layers: [any Layer]
  /// The first node that sees windows.
  let classifier: Int
  let map: FeatureShape
  let window: FeatureShape

  var rows: Int { map.height - window.height + 1 }
  var columns: Int { map.width - window.width + 1 }

  /// Copies windows, numbered by image, row and column, each as a separate small feature map.
  func gather(
    _ windows: Range<Int>, maps: UnsafeRawPointer, pixelBytes: Int, into output: UnsafeMutableRawPointer,
    context: ComputeContext
  ) throws {
    let (rows, columns) = (rows, columns)
    let (line, mapLine) = (window.width * pixelBytes, map.width * pixelBytes)
    try context.forEach(windows.count) { item, _ in
      let (position, column) = (windows.lowerBound + item).quotientAndRemainder(dividingBy: columns)
      let (image, row) = position.quotientAndRemainder(dividingBy: rows)
      var source = maps + ((image * map.height + row) * mapLine + column * pixelBytes)
      var target = output + item * window.height * line
      for _ in 0..<window.height {
        target.copyMemory(from: source, byteCount: line)
        source += mapLine
        target += line
      }
    }
  }
}
