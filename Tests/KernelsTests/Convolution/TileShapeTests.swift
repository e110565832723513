import KernelTemplates
import TestSupport
import XCTest

@testable import Kernels

final class TileShapeTests: XCTestCase {
  func testTheTableHasARateForEveryTile() {
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let kernels = variant.context.kernels.matrix
      XCTAssertEqual(kernels.rates.prefix(2).map(\.count), [kernels.rows, kernels.rows], variant.name)
      XCTAssertEqual(kernels.rates.count, 3, variant.name)
      XCTAssertLessThanOrEqual(kernels.tileShapes[1].rows, kernels.rows, variant.name)
      for (vectors, rates) in kernels.rates.enumerated() {
        XCTAssert(rates.allSatisfy { (1...100).contains($0) }, "\(variant.name), \(vectors + 1) vectors")
      }
    }
  }

  /// Sums are taken in the order of k for any tile: the result must not depend on the shape.
  func testAllShapesGiveTheSameBits() throws {
    for c in try ConvolutionCase.odd() + ConvolutionCase.alexNet() {
      let input = RandomValues.uniform(c.inputCount, seed: 1)
      let weights = RandomValues.uniform(c.weightCount, seed: 2)
      for variant in KernelVariant.all(withOpenBLAS: false) {
        let kernels = variant.context.kernels.matrix
        let usual = try product(c, input, weights, kernels.tileShapes[0], variant.context)
        XCTAssertFalse(usual.contains { $0.isNaN }, "\(c.name), \(variant.name)")
        for var shape in kernels.tileShapes {
          for separates in [false, true] {
            shape.separatesSides = separates
            let same = try product(c, input, weights, shape, variant.context)
            XCTAssert(same == usual, "\(c.name), \(variant.name), \(shape)")
          }
        }
      }
    }
  }

  func testATileTakesItsProductsByItsRate() throws {
    let table = try XCTUnwrap(KernelRegistry.available.first { $0.name == "portable" }).matrix
    // Three vectors of four channels, and the remaining five in two.
    let expected = 2 * 3 / Double(table.rates[2][1]) + 2 * 2 / Double(table.rates[1][1])
    XCTAssertEqual(table.time(rows: 2, columns: 17, table.tileShapes[1]), expected, accuracy: 1e-12)
  }

  func testLayersGetTheShapeOfTheTable() throws {
    let vgg = try ConvolutionCase(
      "VGG conv4_2", size: (28, 28), channels: (512, 512), kernel: (3, 3), padding: Padding(1))
    let layers = try ConvolutionCase.alexNet() + [vgg]
    for (isa, wide) in [
      ("avx512", []),
      ("avx2", ["paper conv3", "paper conv4", "owt conv2", "owt conv3", "VGG conv4_2"]),
    ] {
      guard let kernels = KernelRegistry.available.first(where: { $0.name == isa })?.matrix else { continue }
      let chosen = layers.filter { ConvolutionTiles(forward: $0.shape).tileShape(kernels).columns > kernels.columns }
      XCTAssertEqual(chosen.map(\.name), wide, isa)
      // Four of 28 rows at once, in which separate side tiles save 2 % of the products.
      XCTAssertTrue(ConvolutionTiles(forward: vgg.shape).tileShape(kernels).separatesSides, isa)
    }
  }

  private func product(
    _ c: ConvolutionCase, _ input: [Float], _ weights: [Float], _ shape: TileShape, _ context: ComputeContext
  ) throws -> [Float] {
    let tiles = ConvolutionTiles(forward: c.shape)
    let panels = shape.panelCount(tiles.groupOutputs)
    let panelFloats = tiles.innerExtent * shape.columns
    var packed = [Float](repeating: 0, count: tiles.groups * panels * panelFloats)
    let start = [Float](repeating: 0, count: tiles.groups * panels * shape.columns)
    for panel in 0..<tiles.groups * panels {
      let first = panel % panels * shape.columns
      weights.withUnsafeBufferPointer { weights in
        packed.withUnsafeMutableBufferPointer { packed in
          guard let weights = weights.baseAddress, let packed = packed.baseAddress else { return }
          packPanel(
            weights + (panel / panels * tiles.groupOutputs + first), stride: tiles.outputChannels,
            count: tiles.innerExtent, columns: min(shape.columns, tiles.groupOutputs - first),
            into: packed + panel * panelFloats, width: shape.columns)
        }
      }
    }
    var output = [Float](repeating: .nan, count: c.outputCount)
    try tiles.run(
      input: input, panels: packed, start: start, shape: shape, relu: false, output: &output, context: context)
    return output
  }
}
