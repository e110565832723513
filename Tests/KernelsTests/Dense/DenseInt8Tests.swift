import Kernels
import Tensors
import TestSupport
import XCTest

/// Dense layers on bytes against the reference: the same bytes on every instruction set.
final class DenseInt8Tests: XCTestCase {
  private struct Case {
    let batch: Int
    let map: Dense.Map
    let outputs: Int
    var inputs: Int { map.pixels * map.channels }
    var name: String { "\(batch) × \(map.pixels) pixels of \(map.channels) × \(outputs)" }
  }

  private let cases = [
    Case(batch: 1, map: Dense.Map(pixels: 1, channels: 1), outputs: 1),
    Case(batch: 1, map: Dense.Map(pixels: 1, channels: 4096), outputs: 1000),
    Case(batch: 3, map: Dense.Map(pixels: 36, channels: 32), outputs: 67),
    Case(batch: 14, map: Dense.Map(pixels: 9, channels: 7), outputs: 32),
    Case(batch: 33, map: Dense.Map(pixels: 1, channels: 601), outputs: 100),
    // A panel in two blocks, and more rows than a tile has.
    Case(batch: 20, map: Dense.Map(pixels: 4, channels: 2301), outputs: 40),
  ]

  private let input = try? Quantization(scale: 0.02, zeroPoint: 3)

  func testBytesAndFloatsAreTheReferences() throws {
    let quantization = try XCTUnwrap(input)
    for c in cases {
      let x = RandomValues.integers(c.batch * c.inputs, seed: 1, magnitude: 127).map { UInt8($0 + 127) }
      let w = RandomValues.uniform(c.inputs * c.outputs, seed: 2)
      let bias = RandomValues.uniform(c.outputs, seed: 3)
      let output = try Quantization(scale: 0.02 * Float(c.inputs).squareRoot(), zeroPoint: 90)
      // The reference reads vectors in the order of the weights.
      let vectors = (0..<x.count).map { index in
        let (row, k) = (index / c.inputs, index % c.inputs)
        return x[row * c.inputs + k % c.map.pixels * c.map.channels + k / c.map.pixels]
      }
      let shape = try ConvolutionShape(
        batch: 1, inputHeight: 1, inputWidth: c.batch, inputChannels: c.inputs, outputChannels: c.outputs,
        kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1, padding: Padding(0), groups: 1)
      let (sums, scales) = Reference.convolutionInt8Sums(shape, input: vectors, quantization, weights: w)
      for (relu, variant) in [false, true].flatMap({ relu in KernelVariant.int8().map { (relu, $0) } }) {
        let (name, context) = ("\(c.name), relu \(relu), \(variant.name)", variant.context)
        let bytes = try Dense.packedByteCount(c.map, outputs: c.outputs, as: Int8.self, context: context)
        let packed = try AlignedBuffer<UInt8>(count: bytes, operation: "test")
        let memory = UnsafeMutableRawPointer(packed.pointer)
        try Dense.pack(c.map, outputs: c.outputs, as: Int8.self, weights: w, into: memory, context: context)
        var y = [UInt8](repeating: 0, count: c.batch * c.outputs)
        try Dense.forward(
          batch: c.batch, c.map, outputs: c.outputs, input: x, inputQuantization: quantization, packed: memory,
          bias: bias, relu: relu, output: &y, outputQuantization: output, context: context)
        XCTAssertEqual(
          y, Reference.requantize(sums, from: quantization, scales: scales, bias: bias, relu: relu, to: output), name)
        var floats = [Float](repeating: .nan, count: c.batch * c.outputs)
        try Dense.forward(
          batch: c.batch, c.map, outputs: c.outputs, input: x, inputQuantization: quantization, packed: memory,
          bias: bias, relu: relu, output: &floats, context: context)
        XCTAssertEqual(
          floats, Reference.dequantize(sums, from: quantization, scales: scales, bias: bias, relu: relu), name)
      }
    }
  }

  func testSumsThatMayNotFitAreKnown() {
    XCTAssert(Dense.fitsInt8(inputs: 33_000))
    XCTAssertFalse(Dense.fitsInt8(inputs: 33_500))
  }
}
