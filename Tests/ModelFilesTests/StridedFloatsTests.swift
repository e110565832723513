import XCTest

@testable import ModelFiles

final class StridedFloatsTests: XCTestCase {
  /// Shapes and strides as the engine has them: convolutions and dense layers, locally connected layers, biases.
  private let cases: [(shape: [Int], strides: [Int])] = [
    ([5], [1]), ([70], [1]), ([40, 33], [1, 40]), ([3, 2, 4, 5], [1, 3, 30, 6]),
    ([2, 3, 4, 1, 2, 2], [48, 16, 1, 4, 8, 4]),
    ([2, 3, 4], [12, 4, 1]), ([1, 1], [1, 1]),
  ]

  func testTheFilesOrderIsThatOfTheAxes() throws {
    for (shape, strides) in cases {
      let count = shape.reduce(1, *)
      var memory = (0..<count).map { Float($0) }
      let expected = indices(shape).map { zip($0, strides).reduce(0) { $0 + $1.0 * $1.1 } }.map { memory[$0] }
      try memory.withUnsafeMutableBufferPointer { memory in
        let tensor = try StridedFloats(
          name: "t", shape: shape, strides: strides, start: XCTUnwrap(memory.baseAddress))
        var gathered: [Float] = []
        try tensor.forEachPiece { piece in
          piece.gather()
          gathered += piece.values
        }
        XCTAssertEqual(gathered, expected, "\(shape)")

        let before = Array(memory)
        memory.update(repeating: -1)
        try tensor.forEachPiece { piece in
          _ = piece.values.update(from: expected)
          piece.scatter()
        }
        XCTAssertEqual(Array(memory), before, "\(shape)")
      }
    }
  }

  /// 12 and 18 MB: pieces of 8 MiB or less are some rows, or parts of one.
  func testManyPieces() throws {
    for shape in [[3000, 1500], [2, 3_000_000], [1, 1500, 3000]] {
      let count = shape.reduce(1, *)
      let strides = [1, shape[0], shape[0] * shape[1]]
      var memory = (0..<count).map { Float($0) }
      try memory.withUnsafeMutableBufferPointer { memory in
        let tensor = try StridedFloats(
          name: "t", shape: shape, strides: Array(strides.prefix(shape.count)), start: XCTUnwrap(memory.baseAddress))
        var (done, pieces, same) = (0, 0, true)
        try tensor.forEachPiece { piece in
          piece.gather()
          XCTAssertLessThanOrEqual(piece.bytes.count, 8 << 20)
          for (index, value) in piece.values.enumerated() {
            var (rest, offset) = (done + index, 0)
            for (extent, stride) in zip(shape, strides).reversed() {
              offset += rest % extent * stride
              rest /= extent
            }
            same = same && value == Float(offset)
          }
          done += piece.values.count
          pieces += 1
        }
        XCTAssertTrue(same, "\(shape)")
        XCTAssertEqual(done, count)
        XCTAssertGreaterThan(pieces, 2)
      }
    }
  }

  /// Of all places, the last axis first.
  private func indices(_ shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { places, extent in places.flatMap { place in (0..<extent).map { place + [$0] } } }
  }
}
