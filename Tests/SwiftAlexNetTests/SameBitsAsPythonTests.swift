import Foundation
import Kernels
import Networks
import SwiftAlexNet
import XCTest

/// The same recipe, seed and images train to the same bits from Swift and from Python: `test_same_bits_as_swift.py`
/// uses the same files of python/tests/golden/trained. A file has three parts separated by blank lines: the training
/// settings, the network's specification, and a number for each parameter of the trained network, on portable kernels.
final class SameBitsAsPythonTests: XCTestCase {
  private struct Case {
    let settings: [String: String]
    let spec: String
    let expected: [String]

    init(_ file: URL) throws {
      let parts = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n\n")
      let pairs = parts[0].split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
      settings = Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) })
      spec = parts[1] + "\n"
      expected = parts[2].split(separator: "\n").map(String.init)
    }

    func word(_ name: String) throws -> String { try XCTUnwrap(settings[name], name) }
    func number(_ name: String) throws -> Int { try XCTUnwrap(Int(try word(name)), name) }
  }

  func testSameBits() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../python/tests/golden/trained")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    XCTAssertGreaterThan(files.count, 3)
    for file in files {
      let task = try Case(file)
      XCTAssertEqual(try trained(task), task.expected, file.lastPathComponent)
    }
  }

  private func trained(_ task: Case) throws -> [String] {
    let kernels = try XCTUnwrap(KernelRegistry.available.first { $0.name == "portable" })
    let network = try Network(
      spec: try NetworkSpec(text: task.spec), initialization: try .named(try task.word("initialization")),
      seed: UInt64(task.number("network_seed"))
    ) { ComputeContext(kernels: kernels) }
    let model = try Model(network: network, classes: (0..<network.classCount).map { "\($0)" })
    var recipe = try Recipe.named(try task.word("recipe"))
    recipe.batchSize = try task.number("batch_size")
    try model.fit(
      images(count: try task.number("images"), side: try task.number("side")), recipe: recipe,
      epochs: try task.number("epochs"), seed: UInt64(task.number("seed")))
    return network.parameters.map { "\($0.name) \(number(of: $0.value.buffer))" }
  }

  /// Computed with integers, so that Python gets the same.
  private func images(count: Int, side: Int) throws -> ImageSet {
    let labels = (0..<count).map { $0 % 3 }
    return try ImageSet(
      labels.enumerated().map { image, label in
        let pixels = (0..<side * side * 3).map { index in
          UInt8(60 * label + (31 * image + 7 * index + (index * index) / 128) % 97)
        }
        return try Image(pixels: pixels, height: side, width: side)
      }, labels: labels)
  }

  /// One number for the bits of all values, in any memory order.
  private func number(of values: UnsafeMutableBufferPointer<Float>) -> UInt64 {
    values.reduce(0) { sum, value in
      let bits = UInt64(value.bitPattern) + 1
      return sum &+ bits &* bits
    }
  }
}
