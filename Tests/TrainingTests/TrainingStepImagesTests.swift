import Imaging
import Kernels
import Networks
import Tensors
import XCTest

@testable import Training

final class TrainingStepImagesTests: XCTestCase {
  private let (batch, size) = (9, 6 * 6 * 3)
  private let labels: [Int32] = [0, 1, 2, 0, 1, 2, 0, 1, 2]
  private lazy var pixels = (0..<batch * 9 * 8 * 3).map { UInt8(truncatingIfNeeded: $0 &* 97) }
  private lazy var matrix = (0..<size * size).map { Float(($0 * 7) % 11) / 400 }

  private func network() throws -> Network {
    let text = """
      network small
      data channels=3 height=6 width=6
      convolution conv1 outputs=4 kernel=3 stride=1 pad=0,0,0,0 groups=1
      relu relu1
      dense fc2 outputs=3
      softmax prob
      """
    return try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
  }

  private func options(_ step: UInt64) throws -> StepOptions {
    try StepOptions(learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4, seed: 2, step: step)
  }

  private func weights(_ network: Network) -> [[Float]] { network.parameters.map { Array($0.value.buffer) } }

  /// A step on images is a step on the tensors that preprocessing, augmentation and whitening produce from them.
  func testAStepWhitensTheAugmentedCrops() throws {
    let preprocessing = try Preprocessing(cropHeight: 6, cropWidth: 6, mean: .channels([120, 110, 100]))
    let augmentation = try Augmentation(colorNoise: 0.1, chunk: 2, rotation: 10, shift: 1)
    for isWhite in [false, true] {
      let (onImages, onTensors) = (try network(), try network())
      if isWhite { try onImages.setWhitening(matrix, size: size) }
      for index in 0..<3 {
        var crops = [Float](repeating: .nan, count: batch * size)
        try ImageInput.train(
          images: pixels, count: batch, height: 9, width: 8, channels: 3, preprocessing: preprocessing,
          augmentation: augmentation, seed: 2, step: UInt64(index), output: &crops)
        var white = crops
        try onImages.whiten(crops, batch: batch, into: &white)
        XCTAssertEqual(white != crops, isWhite)
        let before = TensorMemory.allocationCount
        let result = try onImages.trainStep(
          images: pixels, count: batch, height: 9, width: 8, labels: labels, preprocessing: preprocessing,
          augmentation: augmentation, options: try options(UInt64(index)))
        if index > 0 { XCTAssertEqual(TensorMemory.allocationCount, before, "a steady step allocates nothing") }
        let expected = try onTensors.trainStep(
          white, labels: labels, batch: batch, layout: .nhwc, options: try options(UInt64(index)))
        XCTAssertEqual(result.loss, expected.loss)
        XCTAssertEqual(weights(onImages), weights(onTensors))
      }
    }
  }

  /// Enough images to be narrowed in two parts: the second is drawn and placed as part of the batch.
  func testImagesThatAreNarrowedInPartsAreOneBatch() throws {
    try XCTSkipIf(!Precision.available(in: ComputeContext()).contains(.bfloat16), "this CPU has no bfloat16")
    let preprocessing = try Preprocessing(cropHeight: 6, cropWidth: 6)
    let augmentation = try Augmentation(colorNoise: 0.1, chunk: 2, rotation: 10, shift: 1)
    let count = (1 << 20) / size + 11
    let pixels = (0..<count * 9 * 8 * 3).map { UInt8(truncatingIfNeeded: ($0 &* 97) ^ ($0 / 1000)) }
    let labels = (0..<count).map { Int32($0 % 3) }
    var crops = [Float](repeating: .nan, count: count * size)
    try ImageInput.train(
      images: pixels, count: count, height: 9, width: 8, channels: 3, preprocessing: preprocessing,
      augmentation: augmentation, seed: 2, step: 0, output: &crops)
    var options = try options(0)
    options.arithmetic.precision = .bfloat16
    let (onImages, onTensors) = (try network(), try network())
    let result = try onImages.trainStep(
      images: pixels, count: count, height: 9, width: 8, labels: labels, preprocessing: preprocessing,
      augmentation: augmentation, options: options)
    let expected = try onTensors.trainStep(crops, labels: labels, batch: count, layout: .nhwc, options: options)
    XCTAssertEqual(result.loss, expected.loss)
    XCTAssertEqual(weights(onImages), weights(onTensors))

    var (scores, last) = ([Float](repeating: .nan, count: 3 * count), [Float](repeating: .nan, count: 3 * 11))
    let (untrained, arithmetic) = (try network(), Arithmetic(precision: .bfloat16))
    try scores.withUnsafeMutableBufferPointer { scores in
      try untrained.capture(
        ["fc2"], of: crops, batch: count, layout: .nhwc, arithmetic: arithmetic,
        into: [try XCTUnwrap(scores.baseAddress)])
    }
    try untrained.forward(
      Array(crops.suffix(11 * size)), batch: 11, layout: .nhwc, arithmetic: arithmetic, into: &last)
    for (score, alone) in zip(scores.suffix(33), last) {
      XCTAssertEqual(score, alone, accuracy: 0.02 * (1 + abs(alone)))
    }
    XCTAssertGreaterThan(Set(last).count, 20, "the images can be told from one another")
  }
}
