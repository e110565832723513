import XCTest

@testable import Imaging

final class PreprocessingDefaultsTests: XCTestCase {
  /// The authors' own sizes, and the same ratio for others.
  func testResize() {
    let cases: [(PreprocessingDefaults, crop: Int, resize: Int)] = [
      (.paper, 224, 256), (.paper, 227, 256), (.caffe, 227, 256), (.paper, 112, 128), (.paper, 64, 73),
      (.cifar, 32, 32), (.cifar, 48, 48), (.cifarCrops, 24, 32), (.cifarCrops, 36, 48),
      (.diveIntoDeepLearning, 224, 224), (.diveIntoDeepLearning, 96, 96),
    ]
    for (defaults, crop, resize) in cases { XCTAssertEqual(defaults.resize(crop: crop), resize, "\(crop)") }
  }

  func testGreyImagesGetTheGreyValue() {
    XCTAssertEqual(PreprocessingDefaults.paper.mean(channels: 1)[0], 120.3, accuracy: 0.05)
    XCTAssertEqual(PreprocessingDefaults.vgg.mean(channels: 3), [123.68, 116.779, 103.939])
    XCTAssertEqual(PreprocessingDefaults.diveIntoDeepLearning.scale(channels: 2), [1 / 255, 1 / 255])
    XCTAssertNil(PreprocessingDefaults.paper.scale(channels: 3))
  }

  func testText() {
    XCTAssertEqual(
      PreprocessingDefaults.caffe.text(crop: 227, channels: 3),
      "resize=256 crop=227 resample=opencv_bilinear warp=1 mean=127.3049,119.7154,104.9126 learn_mean=image mean_at=crop"
    )
    XCTAssertEqual(
      PreprocessingDefaults.torchvision.text(crop: 224, channels: 3),
      "resize=256 crop=224 resample=bilinear warp=0 mean=123.675,116.28,103.53 learn_mean=none mean_at=center "
        + "scale=0.017124753,0.017507004,0.017429193")
  }

  func testColorComponentsAsText() {
    XCTAssertEqual(
      ColorComponents.ilsvrc.text.split(separator: "\n").first, "121.78006099 -0.56351045 -0.5761844 -0.59200296")
    let vectors = ColorComponents.ilsvrc.eigenvectors
    for (index, vector) in vectors.enumerated() {
      for (other, second) in vectors.enumerated() {
        let product = zip(vector, second).reduce(0) { $0 + $1.0 * $1.1 }
        XCTAssertEqual(product, index == other ? 1 : 0, accuracy: 1e-6)
      }
    }
  }
}
