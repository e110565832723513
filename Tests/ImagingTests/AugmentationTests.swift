import Parallel
import Tensors
import XCTest

@testable import Imaging

final class AugmentationTests: XCTestCase {
  private let (count, height, width, crop) = (12, 20, 23, 12)
  private lazy var bytes: [UInt8] = {
    let generator = Philox(seed: 1, purpose: .test, step: 0)
    return (0..<count * height * width * 3).map { UInt8(truncatingIfNeeded: generator.words(UInt64($0))[0]) }
  }()

  private lazy var mean = (0..<height * width * 3).map { Float($0 % 7) }

  private func preprocessing(
    scale: [Float] = [], meanPosition: Preprocessing.MeanPosition = .center
  ) throws -> Preprocessing {
    try Preprocessing(
      cropHeight: crop, cropWidth: crop, mean: .image(height: height, width: width, values: mean), scale: scale,
      meanPosition: meanPosition)
  }

  private func train(
    _ augmentation: Augmentation, step: UInt64 = 2, scale: [Float] = [], firstIndex: UInt64 = 0,
    meanPosition: Preprocessing.MeanPosition = .center
  ) throws -> [Float] {
    var output = [Float](repeating: .nan, count: count * crop * crop * 3)
    try ImageInput.train(
      images: bytes, count: count, height: height, width: width, channels: 3,
      preprocessing: preprocessing(scale: scale, meanPosition: meanPosition), augmentation: augmentation, seed: 1,
      step: step,
      firstIndex: firstIndex, output: &output)
    return output
  }

  private func draws(_ augmentation: Augmentation, step: UInt64 = 2) -> [Augmentation.Draw] {
    (0..<UInt64(count)).map {
      augmentation.draw(
        seed: 1, step: step, index: $0, verticalRoom: height - crop, horizontalRoom: width - crop)
    }
  }

  /// The numbers used by every run so far.
  func testTheDrawsOfCropAndFlipAreFixedForEver() throws {
    let draws = draws(try Augmentation(rotation: 10, shift: 2))
    let before = self.draws(try Augmentation())
    for (index, draw) in before.enumerated() {
      let words = Philox(seed: 1, purpose: .crop, step: 2).words(UInt64(index))
      XCTAssertEqual(draw.top, Philox.below(height - crop + 1, words[0]))
      XCTAssertEqual(draw.left, Philox.below(width - crop + 1, words[1]))
      XCTAssertEqual(draw.mirrored, words[2] >= 1 << 31)
      XCTAssertEqual(draws[index].mirrored, draw.mirrored)
      XCTAssertLessThanOrEqual(abs(draws[index].top - draw.top), 2)
      XCTAssertLessThanOrEqual(abs(draws[index].left - draw.left), 2)
    }
  }

  func testAChunkSharesOffsetAndFlipButNotColor() throws {
    let single = draws(try Augmentation(colorNoise: 0.1))
    let chunked = draws(try Augmentation(colorNoise: 0.1, chunk: 5))
    for (index, draw) in chunked.enumerated() {
      XCTAssertEqual(draw.top, single[index / 5].top)
      XCTAssertEqual(draw.left, single[index / 5].left)
      XCTAssertEqual(draw.mirrored, single[index / 5].mirrored)
      XCTAssertEqual([draw.color.0, draw.color.1], [single[index].color.0, single[index].color.1])
    }
    XCTAssertGreaterThan(Set(single.map(\.top)).count, 3, "the test must see different offsets")
  }

  func testTheDivisorActsOnImagesWithColorNoiseOnly() throws {
    let plain = try train(Augmentation(), scale: [0.5, 1, 2])
    XCTAssertEqual(try train(Augmentation(colorDivisor: 1.1), scale: [0.5, 1, 2]), plain)
    let noisy = try train(Augmentation(colorNoise: 0.1), scale: [0.5, 1, 2])
    let divided = try train(Augmentation(colorNoise: 0.1, colorDivisor: 1.1), scale: [0.5, 1, 2])
    for (a, b) in zip(noisy, divided) { XCTAssertEqual(a / 1.1, b, accuracy: 1e-6 * max(1, abs(a))) }
  }

  func testShiftsAndAnglesAreUniform() throws {
    let augmentation = try Augmentation(randomCrop: false, flip: false, rotation: 30, shift: 2)
    var (tops, lefts, angles) = ([Int](repeating: 0, count: 5), [Int](repeating: 0, count: 5), [Double]())
    for step in 0..<500 {
      for draw in draws(augmentation, step: UInt64(step)) {
        tops[draw.top - (height - crop) / 2 + 2] += 1
        lefts[draw.left - (width - crop) / 2 + 2] += 1
        angles.append(draw.angle * 180 / .pi)
      }
    }
    for seen in tops + lefts { XCTAssertEqual(Double(seen), 1200, accuracy: 160) }
    XCTAssertEqual(angles.reduce(0, +) / 6000, 0, accuracy: 1)
    let squares = angles.reduce(0) { $0 + $1 * $1 }
    XCTAssertEqual((squares / 6000).squareRoot(), 30 / 3.0.squareRoot(), accuracy: 0.5)
    XCTAssertTrue(angles.allSatisfy { abs($0) <= 30 })
  }

  /// A crop that could move but does not is unchanged, bit for bit.
  func testAMoveOfNothingIsTheIdentity() throws {
    let all = try train(Augmentation(colorNoise: 0.1))
    let moved = try train(Augmentation(colorNoise: 0.1, shift: 1))
    let (before, after) = (draws(try Augmentation()), draws(try Augmentation(shift: 1)))
    var same = 0
    for index in 0..<count where before[index].top == after[index].top && before[index].left == after[index].left {
      let part = index * crop * crop * 3..<(index + 1) * crop * crop * 3
      XCTAssertEqual(Array(all[part]), Array(moved[part]))
      same += 1
    }
    XCTAssertGreaterThan(same, 0, "the test must see an image that stays")
    XCTAssertNotEqual(all, moved)
  }

  /// A mean at the crop is the one under the crop's place before it was moved.
  func testAMovedCropHasTheMeanOfTheUnmovedPlace() throws {
    let augmentation = try Augmentation(rotation: 20, shift: 3)
    let (atCrop, atCenter) = (try train(augmentation, meanPosition: .crop), try train(augmentation))
    let (centerTop, centerLeft) = ((height - crop) / 2, (width - crop) / 2)
    let (before, after) = (draws(try Augmentation()), draws(augmentation))
    XCTAssertTrue(zip(before, after).contains { $0.top != $1.top || $0.left != $1.left })
    XCTAssertEqual(Set(before.map(\.mirrored)).count, 2, "the test must see both sides")
    for index in 0..<count {
      let draw = before[index]
      for row in 0..<crop {
        for column in 0..<crop {
          let from = draw.mirrored ? crop - 1 - column : column
          for channel in 0..<3 {
            let under = mean[((draw.top + row) * width + draw.left + from) * 3 + channel]
            let center = mean[((centerTop + row) * width + centerLeft + column) * 3 + channel]
            let i = ((index * crop + row) * crop + column) * 3 + channel
            XCTAssertEqual(atCrop[i] + under, atCenter[i] + center, accuracy: 1e-4)
          }
        }
      }
    }
  }

  func testSameBitsForAnyThreadCountAndAnyPartOfTheBatch() throws {
    let before = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(before) }
    let augmentation = try Augmentation(colorNoise: 0.1, colorDivisor: 1.1, chunk: 4, rotation: 25, shift: 3)
    try ThreadPool.shared.setThreadCount(1)
    let expected = try train(augmentation)
    for threads in 2...4 {
      try ThreadPool.shared.setThreadCount(threads)
      XCTAssertEqual(try train(augmentation), expected)
    }
    XCTAssertNotEqual(try train(augmentation, step: 3), expected)
    XCTAssertNotEqual(try train(augmentation, firstIndex: 1), expected)
  }

  func testRefusals() throws {
    for make in [
      { try Augmentation(colorDivisor: 0) }, { try Augmentation(colorDivisor: .nan) },
      { try Augmentation(colorDivisor: .leastNonzeroMagnitude) }, { try Augmentation(chunk: 0) },
      { try Augmentation(rotation: -1) }, { try Augmentation(rotation: 181) }, { try Augmentation(rotation: .nan) },
      { try Augmentation(shift: -1) },
    ] as [() throws -> Augmentation] {
      XCTAssertThrowsError(try make()) { XCTAssertTrue("\($0)".hasPrefix("augmentation: got "), "\($0)") }
    }
    XCTAssertThrowsError(try train(Augmentation(shift: 13))) {
      XCTAssertEqual("\($0)", "augmented images: got shift 13, expected at most the crop's 12×12 pixels")
    }
    XCTAssertThrowsError(try train(Augmentation(shift: .max)))
  }
}
