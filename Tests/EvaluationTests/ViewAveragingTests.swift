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

  /// More images than a chunk holds, so that chunks of views begin and end within images.
  func testViewsAverageTheirSoftmaxes() throws {
    let network = try network()
    let images = 15
    let pixels = (0..<images * 9 * 8 * 3).map { UInt8(truncatingIfNeeded: $0 &* 97) }
    for views in [ImageInput.Views.center, .centerAndMirror, .grid9, .ten, .grid50] {
      var input = [Float](repeating: 0, count: images * views.count * 6 * 6 * 3)
      try ImageInput.crops(
        images: pixels, count: images, height: 9, width: 8, channels: 3, preprocessing: preprocessing(), views: views,
        output: &input)
      var each = [Float](repeating: 0, count: images * views.count * 5)
      for view in 0..<images * views.count {
        let size = 6 * 6 * 3
        try network.probabilities(
          batch: 1,
          input: { target, _, _ in target.update(from: Array(input[view * size..<(view + 1) * size]), count: size) },
          into: &each[view * 5])
      }
      var averaged = [Float](repeating: .nan, count: images * 5)
      try network.predict(
        images: pixels, count: images, height: 9, width: 8, preprocessing: preprocessing(), views: views,
        into: &averaged)
      for image in 0..<images {
        for index in 0..<5 {
          let all = (0..<views.count).map { each[(image * views.count + $0) * 5 + index] }
          XCTAssertEqual(averaged[image * 5 + index], all.reduce(0, +) / Float(views.count), accuracy: 1e-6)
        }
      }
    }
  }

  func testProbabilitiesSumToOne() throws {
    for views in [ImageInput.Views.center, .grid9, .ten, .grid50] {
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
