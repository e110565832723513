import Imaging
import Networks
import Parallel
import XCTest

@testable import Evaluation

final class DenseEvaluationTests: XCTestCase {
  private func network() throws -> Network {
    let text = """
      network small
      data channels=3 height=10 width=8
      convolution conv1 outputs=4 kernel=3 stride=1 pad=1,1,1,1 groups=1
      relu relu1
      max_pool pool1 kernel=2 stride=2 pad=0,0,0,0 ceil=0
      dense fc2 outputs=7
      relu relu2
      dropout drop2 probability=0.5 form=paper2012
      dense fc3 outputs=5
      softmax prob
      """
    return try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
  }

  private func pixels(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 97 &+ $0 / 31) } }

  private func preprocessing(_ mean: Preprocessing.Mean = .channels([120, 110, 100])) throws -> Preprocessing {
    try Preprocessing(cropHeight: 10, cropWidth: 8, mean: mean, scale: [0.02, 0.03, 0.04])
  }

  private func predict(
    _ network: Network, count: Int, height: Int, width: Int, mirror: Bool, mean: Preprocessing.Mean? = nil
  ) throws -> [Float] {
    var output = [Float](repeating: .nan, count: count * 5)
    try network.predictDense(
      images: pixels(count * height * width * 3), count: count, height: height, width: width, channels: 3,
      preprocessing: mean.map { try preprocessing($0) } ?? preprocessing(), mirror: mirror, into: &output)
    return output
  }

  /// The same bits if eight or more positions are computed together; otherwise equal up to rounding.
  func testAnImageAsLargeAsTheCropGetsTheCropsProbabilities() throws {
    let network = try network()
    for count in [9, 2] {
      var crops = [Float](repeating: .nan, count: count * 5)
      try network.predict(
        images: pixels(count * 10 * 8 * 3), count: count, height: 10, width: 8, preprocessing: preprocessing(),
        views: .center, into: &crops)
      let dense = try predict(network, count: count, height: 10, width: 8, mirror: false)
      if count >= 8 { XCTAssertEqual(dense, crops) }
      for (a, b) in zip(dense, crops) { XCTAssertEqual(a, b, accuracy: 1e-6) }
    }
  }

  /// Scores are averaged over positions, their softmaxes over the image and its mirror image. Uses more images than are
  /// computed together.
  func testTheDefinition() throws {
    let network = try network()
    let (count, height, width) = (17, 15, 21)
    let size = try network.scoreMapSize(height: height, width: width)
    XCTAssertEqual([size.rows, size.columns], [3, 7])
    XCTAssertLessThan(try network.imagesPerChunk(height: height, width: width), count)
    var map = [Float](repeating: .nan, count: count * 2 * 21 * 5)
    try network.scoreMap(
      images: pixels(count * height * width * 3), count: count, height: height, width: width, channels: 3,
      preprocessing: preprocessing(), views: .centerAndMirror, into: &map)
    func posterior(_ view: Int) -> [Double] {
      let scores = (0..<5).map { index in
        (0..<21).reduce(0.0) { $0 + Double(map[(view * 21 + $1) * 5 + index]) } / 21
      }
      let total = scores.reduce(0) { $0 + exp($1) }
      return scores.map { exp($0) / total }
    }
    let alone = try predict(network, count: count, height: height, width: width, mirror: false)
    let both = try predict(network, count: count, height: height, width: width, mirror: true)
    for image in 0..<count {
      let (plain, mirrored) = (posterior(2 * image), posterior(2 * image + 1))
      XCTAssertNotEqual(plain, mirrored)
      for index in 0..<5 {
        XCTAssertEqual(Double(alone[image * 5 + index]), plain[index], accuracy: 1e-6)
        XCTAssertEqual(Double(both[image * 5 + index]), (plain[index] + mirrored[index]) / 2, accuracy: 1e-6)
      }
    }
  }

  func testAMeanImageGivesItsCentresChannelMeans() throws {
    let network = try network()
    // 14 × 12: the centre is rows 2 … 11 and columns 2 … 9; values outside must not count.
    var values = [Float](repeating: 1e6, count: 14 * 12 * 3)
    for row in 2..<12 {
      for column in 2..<10 {
        for channel in 0..<3 { values[(row * 12 + column) * 3 + channel] = Float(90 + 10 * channel + row % 2 * 4) }
      }
    }
    let image = try predict(
      network, count: 2, height: 16, width: 13, mirror: true, mean: .image(height: 14, width: 12, values: values))
    let channels = try predict(
      network, count: 2, height: 16, width: 13, mirror: true, mean: .channels([92, 102, 112]))
    XCTAssertEqual(image, channels)
  }

  func testSameBitsForAnyNumberOfThreads() throws {
    let before = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(before) }
    var seen: Set<[Float]> = []
    for threads in 1...4 {
      try ThreadPool.shared.setThreadCount(threads)
      seen.insert(try predict(network(), count: 17, height: 15, width: 21, mirror: true))
    }
    XCTAssertEqual(seen.count, 1)
  }

  func testRefusals() throws {
    let network = try network()
    XCTAssertThrowsError(try predict(network, count: 1, height: 9, width: 30, mirror: true)) {
      XCTAssertEqual("\($0)", "dense evaluation: got images of 9×30 pixels, small needs 10×8 or more")
    }
    XCTAssertThrowsError(
      try predict(network, count: 1, height: 12, width: 12, mirror: true, mean: .channels([1, 2])))
    var nothing: [Float] = []
    for count in [0, -1] {
      XCTAssertThrowsError(
        try network.predictDense(
          images: [], count: count, height: 12, width: 12, channels: 3, preprocessing: preprocessing(), mirror: true,
          into: &nothing)
      ) { XCTAssertEqual("\($0)", "dense evaluation: got \(count) images, expected at least 1") }
    }
    for count in [0, Int.min, Int.max] {
      XCTAssertThrowsError(
        try network.scoreMap(
          images: [], count: count, height: 12, width: 12, channels: 3, preprocessing: preprocessing(),
          views: .centerAndMirror, into: &nothing))
    }
    let wrong = try Preprocessing(cropHeight: 8, cropWidth: 8, mean: .none)
    var output = [Float](repeating: 0, count: 5)
    XCTAssertThrowsError(
      try network.predictDense(
        images: pixels(12 * 12 * 3), count: 1, height: 12, width: 12, channels: 3, preprocessing: wrong,
        mirror: false, into: &output)
    ) { XCTAssertEqual("\($0)", "dense evaluation: got images of 3×8×8, small takes 3×10×8") }
    XCTAssertThrowsError(
      try network.scoreMap(
        images: pixels(12 * 12), count: 1, height: 12, width: 12, channels: 1,
        preprocessing: Preprocessing(cropHeight: 10, cropWidth: 8, scale: [1]), into: &output)
    ) { XCTAssertEqual("\($0)", "dense evaluation: got images of 1×10×8, small takes 3×10×8") }
  }
}
