import Imaging
import Networks
import XCTest

@testable import Evaluation

final class ViewAveragingTests: XCTestCase {
  private func network() throws -> Network {
    let text = """
      network small
      data channels=3 height=6 width=6
      convolution conv1 outputs=4 kernel=3 stride=1 pad=0,0,0,0 groups=1
      relu relu1
      dense fc2 outputs=5
      softmax prob
      """
    return try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
  }

  private let count = 4
  private var pixels: [UInt8] { (0..<count * 9 * 8 * 3).map { UInt8(truncatingIfNeeded: $0 &* 97) } }

  private func preprocessing() throws -> Preprocessing {
    try Preprocessing(cropHeight: 6, cropWidth: 6, mean: .channels([120, 110, 100]), scale: [0.02, 0.02, 0.02])
  }

  private func predict(_ network: Network, views: ImageInput.Views) throws -> [Float] {
    var output = [Float](repeating: .nan, count: count * 5)
    try network.predict(
      images: pixels, count: count, height: 9, width: 8, preprocessing: preprocessing(), views: views, into: &output)
    return output
  }

  func testTenCropsAverageTheSoftmaxes() throws {
    let network = try network()
    var input = [Float](repeating: 0, count: count * 10 * 6 * 6 * 3)
    try ImageInput.crops(
      images: pixels, count: count, height: 9, width: 8, channels: 3, preprocessing: preprocessing(), views: .ten,
      output: &input, pool: .shared)
    var each = [Float](repeating: 0, count: count * 10 * 5)
    try network.probabilities(
      batch: count * 10,
      input: { target, range, _ in
        let size = 6 * 6 * 3
        target.update(from: Array(input[range.lowerBound * size..<range.upperBound * size]), count: range.count * size)
      }, into: &each)
    let averaged = try predict(network, views: .ten)
    for image in 0..<count {
      for index in 0..<5 {
        let mean = (0..<10).reduce(Float(0)) { $0 + each[(image * 10 + $1) * 5 + index] } / 10
        XCTAssertEqual(averaged[image * 5 + index], mean, accuracy: 1e-6)
      }
    }
  }

  func testProbabilitiesSumToOne() throws {
    for views in [ImageInput.Views.center, .ten] {
      let output = try predict(network(), views: views)
      for image in 0..<count {
        XCTAssertEqual(output[image * 5..<image * 5 + 5].reduce(0, +), 1, accuracy: 1e-6)
      }
    }
  }

  func testCropsOfAnotherSizeAreRefused() throws {
    let wrong = try Preprocessing(cropHeight: 5, cropWidth: 6, mean: .none, scale: [1, 1, 1])
    var output = [Float](repeating: 0, count: count * 5)
    XCTAssertThrowsError(
      try network().predict(
        images: pixels, count: count, height: 9, width: 8, preprocessing: wrong, views: .center, into: &output)
    ) { XCTAssertTrue("\($0)".contains("3×5×6"), "\($0)") }
  }
}
