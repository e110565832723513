import Tensors
import TestSupport
import XCTest

@testable import Networks

final class WeightCacheTests: XCTestCase {
  private let batch = 2

  private func logits(_ network: Network) throws -> [Float] {
    let x = randomFloats(batch * network.spec.input.count, seed: 7)
    var output = [Float](repeating: .nan, count: batch * network.classCount)
    try network.forward(x, batch: batch, layout: .nhwc, into: &output)
    return output
  }

  /// The logits of a network that has never computed before, with the same weights.
  private func freshLogits(_ network: Network) throws -> [Float] {
    let fresh = try smallNetwork(seed: 99)
    for (from, to) in zip(network.parameters, fresh.parameters) {
      to.withMutableValues { _ = $0.update(fromContentsOf: from.value.buffer) }
    }
    return try logits(fresh)
  }

  func testWeightsArePackedOnce() throws {
    let network = try smallNetwork()
    XCTAssertEqual(network.weightCache.byteCount, 0)
    let first = try logits(network)
    let (bytes, allocations) = (network.weightCache.byteCount, TensorMemory.allocationCount)
    XCTAssertGreaterThan(bytes, 0)
    XCTAssertEqual(try logits(network), first)
    XCTAssertEqual(TensorMemory.allocationCount, allocations)
    XCTAssertEqual(network.weightCache.byteCount, bytes)
  }

  func testWritesAreSeenWhileTheValuesAreBorrowedAndAfter() throws {
    let network = try smallNetwork()
    let first = try logits(network)
    for (number, parameter) in network.parameters.enumerated() {
      let values = parameter.borrowValues()
      values[number] += 1
      let during = try logits(network)
      XCTAssertEqual(during, try freshLogits(network), parameter.name)
      values[0] -= 2
      XCTAssertEqual(try logits(network), try freshLogits(network), parameter.name)
      parameter.giveBackValues()
      XCTAssertEqual(try logits(network), try freshLogits(network), parameter.name)
      XCTAssertNotEqual(try logits(network), first)
    }
  }

  func testBorrowersOverlap() throws {
    let network = try smallNetwork()
    let weight = try XCTUnwrap(network.parameters.first)
    _ = try logits(network)
    let (one, two) = (weight.borrowValues(), weight.borrowValues())
    one[0] += 1
    weight.giveBackValues()
    _ = try logits(network)
    two[1] += 1
    XCTAssertEqual(try logits(network), try freshLogits(network))
    weight.giveBackValues()
    XCTAssertEqual(try logits(network), try freshLogits(network))
  }

  func testAFormMadeDuringAChangeIsNotKept() throws {
    let network = try smallNetwork()
    let weight = try XCTUnwrap(network.parameters.first)
    var made = 0
    for _ in 0..<3 {
      _ = try network.weightCache.form(.packedFloat32(columns: 8), of: weight, byteCount: 64) { _ in
        made += 1
        if made == 1 { weight.withMutableValues { $0[0] += 1 } }
      }
    }
    XCTAssertEqual(made, 2)
  }

  func testPanelsOfOtherWidthsAreOtherForms() throws {
    let network = try smallNetwork()
    let weight = try XCTUnwrap(network.parameters.first)
    let forms = try [8, 12, 8].map { columns in
      try network.weightCache.form(.packedFloat32(columns: columns), of: weight, byteCount: 64) { _ in }
    }
    XCTAssertNotNil(forms[0])
    XCTAssertNotIdentical(forms[0], forms[1])
    XCTAssertIdentical(forms[0], forms[2])
  }

  func testTheFirstFormOfTheNewestWeightsIsKept() throws {
    let network = try smallNetwork()
    let weight = try XCTUnwrap(network.parameters.first)
    func form(_ make: () throws -> Void) throws -> AlignedBuffer<UInt8>? {
      try network.weightCache.form(.packedFloat32(columns: 8), of: weight, byteCount: 64) { _ in try make() }
    }
    var faster: AlignedBuffer<UInt8>?
    let slower = try form { faster = try form {} }
    XCTAssertNotNil(slower)
    XCTAssertIdentical(slower, faster, "of the same weights")
    weight.noteChange()
    let older = try form {
      weight.noteChange()
      faster = try form {}
    }
    XCTAssertNotIdentical(older, faster, "of older weights")
    XCTAssertIdentical(try form { XCTFail("the newest was there") }, faster)
  }

  func testMemoryOfStaleFormsIsGivenBack() throws {
    let network = try smallNetwork()
    _ = try logits(network)
    let bytes = network.weightCache.byteCount
    network.parameters.first?.noteChange()
    network.forgetStaleWeights()
    XCTAssertLessThan(network.weightCache.byteCount, bytes)
    XCTAssertGreaterThan(network.weightCache.byteCount, 0)
  }

  func testRefusedMemoryIsAnErrorAndTheNextCallWorks() throws {
    let network = try smallNetwork()
    let first = try logits(network)
    network.parameters.first?.noteChange()
    defer { TensorMemory.failAllocation(after: -1) }
    TensorMemory.failAllocation(after: 0)
    XCTAssertThrowsError(try logits(network)) { error in
      guard case EngineError.outOfMemory = error else { return XCTFail("\(error)") }
    }
    XCTAssertEqual(try logits(network), first)
  }

  func testThreadsShareTheForms() throws {
    let network = try smallNetwork()
    let expected = try logits(network)
    for parameter in network.parameters { parameter.noteChange() }
    HostThread.run(4) {
      for _ in 0..<50 { XCTAssertEqual(try? self.logits(network), expected) }
    }
  }
}
