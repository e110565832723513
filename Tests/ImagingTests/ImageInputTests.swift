import Imaging
import Parallel
import Tensors
import XCTest

final class ImageInputTests: XCTestCase {
  /// Images whose bytes encode their position.
  private func pixels(_ count: Int, _ height: Int, _ width: Int, _ channels: Int) -> [UInt8] {
    let generator = Philox(seed: 1, purpose: .test, step: 0)
    return (0..<count * height * width * channels).map { UInt8(truncatingIfNeeded: generator.words(UInt64($0))[0]) }
  }

  private struct Batch {
    var bytes: [UInt8]
    var count: Int, height: Int, width: Int, channels: Int
  }

  private func batch(_ count: Int, _ height: Int, _ width: Int, _ channels: Int = 3) -> Batch {
    Batch(
      bytes: pixels(count, height, width, channels), count: count, height: height, width: width,
      channels: channels)
  }

  private func crops(_ b: Batch, _ preprocessing: Preprocessing, _ views: ImageInput.Views) throws -> [Float] {
    var output = [Float](
      repeating: .nan,
      count: b.count * views.count * preprocessing.cropHeight * preprocessing.cropWidth * b.channels)
    try ImageInput.crops(
      images: b.bytes, count: b.count, height: b.height, width: b.width, channels: b.channels,
      preprocessing: preprocessing, views: views, output: &output)
    return output
  }

  private func train(
    _ b: Batch, _ preprocessing: Preprocessing, _ augmentation: Augmentation, seed: UInt64 = 1, step: UInt64 = 2,
    firstIndex: UInt64 = 0
  ) throws -> [Float] {
    var output = [Float](
      repeating: .nan, count: b.count * preprocessing.cropHeight * preprocessing.cropWidth * b.channels)
    try ImageInput.train(
      images: b.bytes, count: b.count, height: b.height, width: b.width, channels: b.channels,
      preprocessing: preprocessing, augmentation: augmentation, seed: seed, step: step, firstIndex: firstIndex,
      output: &output)
    return output
  }

  /// The definition: one crop of one image.
  private func crop(
    _ b: Batch, _ n: Int, _ p: Preprocessing, top: Int, left: Int, mirrored: Bool
  ) -> [Float] {
    var output: [Float] = []
    for row in 0..<p.cropHeight {
      for column in 0..<p.cropWidth {
        let from = mirrored ? p.cropWidth - 1 - column : column
        for c in 0..<b.channels {
          let byte = b.bytes[((n * b.height + top + row) * b.width + left + from) * b.channels + c]
          var mean: Float = 0
          switch p.mean {
          case .none: break
          case .channels(let values): mean = values[c]
          case .image(let height, let width, let values):
            let follows = p.meanPosition == .crop && (height, width) == (b.height, b.width)
            let y = follows ? top + row : (height - p.cropHeight) / 2 + row
            let x = follows ? left + from : (width - p.cropWidth) / 2 + column
            mean = values[(y * width + x) * b.channels + c]
          }
          output.append((Float(byte) - mean) * (p.scale.isEmpty ? 1 : p.scale[c]))
        }
      }
    }
    return output
  }

  private func preprocessings(_ b: Batch, crop: Int, _ cropWidth: Int) throws -> [Preprocessing] {
    let values = (0..<b.height * b.width * b.channels).map { Float($0 % 251) / 2 }
    return [
      try Preprocessing(cropHeight: crop, cropWidth: cropWidth),
      try Preprocessing(
        cropHeight: crop, cropWidth: cropWidth, mean: .channels((0..<b.channels).map { 100 + Float($0) }),
        scale: (0..<b.channels).map { 0.5 + Float($0) }),
      try Preprocessing(
        cropHeight: crop, cropWidth: cropWidth, mean: .image(height: b.height, width: b.width, values: values)),
      try Preprocessing(
        cropHeight: crop, cropWidth: cropWidth, mean: .image(height: b.height, width: b.width, values: values),
        scale: (0..<b.channels).map { 0.5 + Float($0) }, meanPosition: .crop),
    ]
  }

  func testTenViewsInTheAuthorsOrder() throws {
    for b in [batch(2, 9, 11), batch(1, 20, 70), batch(2, 8, 8, 1), batch(1, 7, 9, 5), batch(1, 3, 4, 200)] {
      let (height, width) = (b.height - 2, b.width - 3)
      for p in try preprocessings(b, crop: height, width) {
        let (bottom, right) = (2, 3)
        let places = [(0, 0), (0, right), (bottom / 2, right / 2), (bottom, 0), (bottom, right)]
        var expected: [Float] = []
        for n in 0..<b.count {
          for mirrored in [false, true] {
            for (top, left) in places { expected += crop(b, n, p, top: top, left: left, mirrored: mirrored) }
          }
        }
        XCTAssertEqual(try crops(b, p, .ten), expected)
        let center = (0..<b.count).flatMap { crop(b, $0, p, top: 1, left: 1, mirrored: false) }
        XCTAssertEqual(try crops(b, p, .center), center)
      }
    }
  }

  /// Margins that the grid steps do not divide, including halves, and no margin.
  func testGridsGoRowByRow() throws {
    for (b, crop, cropWidth) in [(batch(2, 12, 17), 9, 7), (batch(1, 9, 9, 1), 9, 9), (batch(1, 40, 20, 5), 21, 19)] {
      let (bottom, right) = (Double(b.height - crop), Double(b.width - cropWidth))
      for p in try preprocessings(b, crop: crop, cropWidth) {
        for (views, side, sides) in [(ImageInput.Views.grid9, 3, [false]), (.grid50, 5, [false, true])] {
          var expected: [Float] = []
          for n in 0..<b.count {
            for mirrored in sides {
              for row in 0..<side {
                for column in 0..<side {
                  let top = Int((bottom * Double(row) / Double(side - 1)).rounded())
                  let left = Int((right * Double(column) / Double(side - 1)).rounded())
                  expected += self.crop(b, n, p, top: top, left: left, mirrored: mirrored)
                }
              }
            }
          }
          XCTAssertEqual(try crops(b, p, views), expected, "\(views)")
        }
      }
    }
  }

  func testCentreAndMirror() throws {
    let b = batch(2, 12, 17)
    for p in try preprocessings(b, crop: 9, 6) {
      let expected = (0..<b.count).flatMap { n in
        [false, true].flatMap { crop(b, n, p, top: 1, left: 5, mirrored: $0) }
      }
      XCTAssertEqual(try crops(b, p, .centerAndMirror), expected)
    }
  }

  func testAPartOfTheViewsIsThatPartOfTheWhole() throws {
    let b = batch(3, 12, 17)
    let p = try Preprocessing(cropHeight: 9, cropWidth: 7)
    for views in [ImageInput.Views.center, .centerAndMirror, .grid9, .ten, .grid50] {
      let whole = try crops(b, p, views)
      let (size, end) = (9 * 7 * 3, b.count * views.count)
      for range in [0..<end, 1..<end, 0..<end - 1, end / 3..<end / 2 + 1, end..<end] {
        var output = [Float](repeating: .nan, count: range.count * size)
        try ImageInput.crops(
          images: b.bytes, count: b.count, height: b.height, width: b.width, channels: b.channels, preprocessing: p,
          views: views, range: range, output: &output)
        XCTAssertEqual(output, Array(whole[range.lowerBound * size..<range.upperBound * size]), "\(views) \(range)")
      }
      var output: Float = 0
      XCTAssertThrowsError(
        try ImageInput.crops(
          images: b.bytes, count: b.count, height: b.height, width: b.width, channels: b.channels, preprocessing: p,
          views: views, range: 0..<end + 1, output: &output))
    }
  }

  /// The paper's order: the mean image first, from the whole image, then the crop, then the mirror.
  func testAMeanAtTheCropIsSubtractedFromTheWholeImage() throws {
    for (b, cropHeight, cropWidth) in [
      (batch(2, 9, 70), 6, 61), (batch(2, 9, 11, 1), 7, 8), (batch(1, 4, 5, 200), 3, 3),
    ] {
      let means = (0..<b.height * b.width * b.channels).map { 0.37 * Float($0 % 251) }
      let p = try Preprocessing(
        cropHeight: cropHeight, cropWidth: cropWidth,
        mean: .image(height: b.height, width: b.width, values: means), meanPosition: .crop)
      let centred = b.bytes.enumerated().map { Float($1) - means[$0 % means.count] }
      func cut(_ n: Int, _ top: Int, _ left: Int, _ mirrored: Bool) -> [Float] {
        (0..<cropHeight).flatMap { row in
          (0..<cropWidth).flatMap { column in
            let x = left + (mirrored ? cropWidth - 1 - column : column)
            let start = ((n * b.height + top + row) * b.width + x) * b.channels
            return centred[start..<start + b.channels]
          }
        }
      }
      let (bottom, right) = (b.height - cropHeight, b.width - cropWidth)
      let places = [(0, 0), (0, right), (bottom / 2, right / 2), (bottom, 0), (bottom, right)]
      let ten = (0..<b.count).flatMap { n in
        [false, true].flatMap { mirrored in places.flatMap { cut(n, $0.0, $0.1, mirrored) } }
      }
      XCTAssertEqual(try crops(b, p, .ten), ten)
      var candidates: [[Float]: Int] = [:]
      for top in 0...bottom {
        for left in 0...right {
          for mirrored in [false, true] { candidates[cut(0, top, left, mirrored)] = 0 }
        }
      }
      for step in 0..<200 {
        let result = Array(try train(b, p, try Augmentation(), step: UInt64(step)).prefix(ten.count / (10 * b.count)))
        XCTAssertNotNil(candidates[result])
        candidates[result, default: 0] += 1
      }
      XCTAssertGreaterThan(candidates.values.filter { $0 > 0 }.count, candidates.count / 2)
    }
  }

  func testAMeanImageOfAnotherSizeStaysAtItsCentre() throws {
    let b = batch(2, 12, 17)
    let mean = Preprocessing.Mean.image(height: 12, width: 16, values: (0..<12 * 16 * 3).map { Float($0 % 251) })
    let atCrop = try Preprocessing(cropHeight: 9, cropWidth: 7, mean: mean, meanPosition: .crop)
    let atCenter = try Preprocessing(cropHeight: 9, cropWidth: 7, mean: mean)
    XCTAssertEqual(try crops(b, atCrop, .ten), try crops(b, atCenter, .ten))
  }

  func testTrainingWithoutAugmentationIsTheCentreCrop() throws {
    let b = batch(3, 12, 13)
    for p in try preprocessings(b, crop: 8, 8) {
      let plain = try Augmentation(randomCrop: false, flip: false)
      XCTAssertEqual(try train(b, p, plain), try crops(b, p, .center))
    }
  }

  /// Every draw is one of the possible crops; over many draws, all occur about equally often.
  func testCropsAndFlipsAreUniform() throws {
    let b = batch(1, 6, 6)
    let p = try Preprocessing(cropHeight: 4, cropWidth: 4)
    var candidates: [[Float]: Int] = [:]
    for top in 0...2 {
      for left in 0...2 {
        for mirrored in [false, true] { candidates[crop(b, 0, p, top: top, left: left, mirrored: mirrored)] = 0 }
      }
    }
    XCTAssertEqual(candidates.count, 18)
    for step in 0..<3600 {
      let result = try train(b, p, try Augmentation(), step: UInt64(step))
      XCTAssertNotNil(candidates[result])
      candidates[result, default: 0] += 1
    }
    XCTAssertEqual(candidates.count, 18)
    for seen in candidates.values { XCTAssertEqual(Double(seen), 200, accuracy: 75) }
  }

  func testDrawsDependOnSeedStepAndIndexOnly() throws {
    let b = batch(4, 40, 40)
    let p = try Preprocessing(cropHeight: 8, cropWidth: 8)
    let augmentation = try Augmentation(colorNoise: 0.1)
    let all = try train(b, p, augmentation)
    XCTAssertEqual(all, try train(b, p, augmentation))
    XCTAssertNotEqual(all, try train(b, p, augmentation, seed: 9))
    XCTAssertNotEqual(all, try train(b, p, augmentation, step: 9))
    var second = b
    second.bytes = Array(b.bytes.suffix(b.bytes.count / 2))
    second.count = 2
    XCTAssertEqual(
      try train(second, p, augmentation, firstIndex: 2), Array(all.suffix(all.count / 2)),
      "a part of a batch gets the numbers of the whole")
  }

  func testColorNoiseShiftsWholeImagesAlongTheComponents() throws {
    let b = batch(2000, 2, 2)
    let p = try Preprocessing(cropHeight: 2, cropWidth: 2, scale: [1, 2, 4])
    let plain = try train(b, p, try Augmentation(randomCrop: false, flip: false))
    let noisy = try train(b, p, try Augmentation(randomCrop: false, flip: false, colorNoise: 0.1))
    var squares = [0.0, 0.0, 0.0]
    for n in 0..<b.count {
      let shifts = (0..<12).map { i -> Double in
        Double(noisy[n * 12 + i] - plain[n * 12 + i]) / [1, 2, 4][i % 3]
      }
      for i in 3..<12 { XCTAssertEqual(shifts[i], shifts[i % 3], accuracy: 1e-3, "one shift an image") }
      for k in 0..<3 {
        let vector = Augmentation.imageNetEigenvectors[3 * k..<3 * k + 3].map(Double.init)
        let along = zip(vector, shifts).map(*).reduce(0, +)
        squares[k] += along * along
      }
    }
    for k in 0..<3 {
      let deviation = (squares[k] / Double(b.count)).squareRoot()
      let expected = 0.1 * Double(Augmentation.imageNetDeviations[k])
      XCTAssertEqual(deviation / expected, 1, accuracy: 0.08, "component \(k)")
    }
  }

  func testSameBitsForAnyThreadCount() throws {
    let before = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(before) }
    let b = batch(9, 30, 31)
    let p = try Preprocessing(cropHeight: 24, cropWidth: 24, mean: .channels([1, 2, 3]))
    let augmentation = try Augmentation(colorNoise: 0.1)
    try ThreadPool.shared.setThreadCount(1)
    let expected = (try train(b, p, augmentation), try crops(b, p, .ten))
    for threads in 2...4 {
      try ThreadPool.shared.setThreadCount(threads)
      XCTAssertEqual(try train(b, p, augmentation), expected.0)
      XCTAssertEqual(try crops(b, p, .ten), expected.1)
    }
  }

  func testRefusalsNameTheSizes() throws {
    func message(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "accepted"
      } catch { return "\(error)" }
    }
    let b = batch(1, 20, 18)
    let large = try Preprocessing(cropHeight: 22, cropWidth: 18)
    let expected = "images: got images of 20×18 pixels, smaller than the crop 22×18"
    XCTAssertEqual(message { _ = try crops(b, large, .ten) }, expected)
    XCTAssertEqual(
      message { _ = try train(b, large, try Augmentation()) }, expected.replacing("images:", with: "augmented images:"))
    XCTAssertEqual(
      message {
        _ = try crops(b, try Preprocessing(cropHeight: 4, cropWidth: 4, mean: .channels([1])), .ten)
      }, "images: got images of 3 channels, the mean is for 1")
    XCTAssertEqual(
      message { _ = try crops(b, try Preprocessing(cropHeight: 4, cropWidth: 4, scale: [1, 2]), .ten) },
      "images: got images of 3 channels, the scale is for 2")
    let gray = batch(1, 8, 8, 1)
    XCTAssertEqual(
      message {
        _ = try train(gray, try Preprocessing(cropHeight: 4, cropWidth: 4), try Augmentation(colorNoise: 0.1))
      }, "augmented images: color noise needs images of 3 channels, got 1")
    for body in [
      { _ = try Preprocessing(cropHeight: 0, cropWidth: 4) },
      { _ = try Preprocessing(cropHeight: 4, cropWidth: 4, mean: .image(height: 3, width: 4, values: [1])) },
      { _ = try Preprocessing(cropHeight: 4, cropWidth: 4, mean: .image(height: 4, width: 4, values: [])) },
      { _ = try Preprocessing(cropHeight: 4, cropWidth: 4, mean: .image(height: .max, width: .max, values: [1])) },
      { _ = try Preprocessing(cropHeight: 4, cropWidth: 4, mean: .channels([.nan])) },
      { _ = try Preprocessing(cropHeight: 4, cropWidth: 4, scale: [.infinity]) },
      { _ = try Augmentation(colorNoise: -1) },
      { _ = try Augmentation(colorNoise: .nan) },
      { _ = try Augmentation(eigenvectors: [1]) },
    ] as [() throws -> Void] { XCTAssertNotEqual(message(body), "accepted") }
    var output: Float = 0
    for (count, height, channels) in [(-1, 20, 3), (1, 0, 3), (1, 20, 0), (.max, 20, 3), (1, .max, 3)] {
      let text = message {
        try ImageInput.crops(
          images: b.bytes, count: count, height: height, width: 18, channels: channels,
          preprocessing: try Preprocessing(cropHeight: 4, cropWidth: 4), views: .center, output: &output)
      }
      XCTAssertTrue(text.hasPrefix("images: "), text)
    }
  }

  func testAnEmptyBatchIsNothingToDo() throws {
    XCTAssertEqual(try crops(batch(0, 8, 8), try Preprocessing(cropHeight: 4, cropWidth: 4), .ten), [])
  }
}
