import CSwiftAlexNet
import SwiftAlexNetABI
import XCTest

final class TrainingABITests: XCTestCase {
  func testATrainingStepThroughTheBoundary() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    let x = (0..<60).map { Float($0 % 7) }
    var options = sax_step_options()
    (options.learning_rate, options.momentum, options.rule) = (0.1, 0.9, Int32(SAX_RULE_PAPER))
    var result = sax_step_result()
    XCTAssertEqual(sax_network_train_step(network, x, [2], 1, Int32(SAX_NCHW), &options, &result), Int32(SAX_OK))
    let first = result.loss
    for _ in 0..<10 { _ = sax_network_train_step(network, x, [2], 1, Int32(SAX_NCHW), &options, &result) }
    XCTAssertLessThan(result.loss, first)
    XCTAssertEqual(sax_network_train_step(network, x, [3], 1, 0, &options, &result), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_network_train_step(network, x, [2], 1, 7, &options, &result), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_network_train_step(network, x, [2], 0, 0, &options, &result), Int32(SAX_INVALID_VALUE))
    options.learning_rate = .nan
    XCTAssertEqual(sax_network_train_step(network, x, [2], 1, 0, &options, &result), Int32(SAX_INVALID_VALUE))
  }

  func testWeightsOfImagesThroughTheBoundary() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    let x = (0..<120).map { Float($0 % 7) }
    var options = sax_step_options()
    var result = sax_step_result()
    func step(_ weights: [Float], count: Int64) -> Int32 {
      weights.withUnsafeBufferPointer {
        (options.sample_weights, options.sample_weight_count) = ($0.baseAddress, count)
        return sax_network_train_step(network, x, [2, 0], 2, Int32(SAX_NCHW), &options, &result)
      }
    }
    XCTAssertEqual(step([0, 0], count: 2), Int32(SAX_OK), lastError)
    XCTAssertEqual(result.loss, 0)
    XCTAssertEqual(step([0, 2], count: 2), Int32(SAX_OK), lastError)
    XCTAssertGreaterThan(result.loss, 0)
    for count: Int64 in [0, 1, -1, .max] {
      XCTAssertEqual(step([1, 1], count: count), Int32(SAX_INVALID_VALUE))
    }
    XCTAssertEqual(step([1, -.infinity], count: 2), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(lastError, "train_step: sample_weight 1 is -inf, expected a finite number ≥ 0")
  }

  func testRatesOfEveryParameterThroughTheBoundary() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    let x = (0..<60).map { Float($0 % 7) }
    var options = sax_step_options()
    var result = sax_step_result()
    var values: UnsafeMutablePointer<Float>?
    XCTAssertEqual(sax_network_borrow_parameter_data(network, 3, Int32(SAX_VALUE), &values), Int32(SAX_OK))
    let bias = try XCTUnwrap(values)
    let before = bias[2]
    func step(_ rates: [Float], count: Int64) -> Int32 {
      rates.withUnsafeBufferPointer {
        (options.rates, options.decays, options.count) = ($0.baseAddress, $0.baseAddress, count)
        return sax_network_train_step(network, x, [2], 1, Int32(SAX_NCHW), &options, &result)
      }
    }
    XCTAssertEqual(step([0.1, 0.1, 0.1, 0], count: 4), Int32(SAX_OK), lastError)
    XCTAssertEqual(bias[2], before)
    for count: Int64 in [0, 3, 5, -1, .max, .min] {
      XCTAssertEqual(step([0.1, 0.1, 0.1, 0.1], count: count), Int32(SAX_INVALID_VALUE))
      XCTAssertEqual(lastError, "train_step: got \(count) rates and decays, expected 4, one per parameter")
    }
    XCTAssertEqual(step([0.1, 0.1, 0.1, .nan], count: 4), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(bias[2], before)
    XCTAssertEqual(step([0, 0, 0, 0.1], count: 4), Int32(SAX_OK), lastError)
    XCTAssertNotEqual(bias[2], before)
  }

  func testAnUpdateInTwoCallsThroughTheBoundary() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    var options = sax_step_options()
    (options.learning_rate, options.momentum, options.rule) = (0.1, 0.9, Int32(SAX_RULE_PAPER))
    XCTAssertEqual(sax_network_commit_update(network), Int32(SAX_INVALID_VALUE))
    XCTAssertTrue(lastError.contains("call prepare_update first"), lastError)
    var gradient: UnsafeMutablePointer<Float>?
    var values: UnsafeMutablePointer<Float>?
    XCTAssertEqual(sax_network_borrow_parameter_data(network, 3, Int32(SAX_GRADIENT), &gradient), Int32(SAX_OK))
    XCTAssertEqual(sax_network_borrow_parameter_data(network, 3, Int32(SAX_VALUE), &values), Int32(SAX_OK))
    let (bias, before) = (try XCTUnwrap(values), try XCTUnwrap(values)[2])
    try XCTUnwrap(gradient)[2] = 2
    XCTAssertEqual(sax_network_prepare_update(network, &options), Int32(SAX_OK), lastError)
    XCTAssertEqual(bias[2], before)
    XCTAssertEqual(sax_network_commit_update(network), Int32(SAX_OK), lastError)
    XCTAssertEqual(bias[2], before - 0.2, accuracy: 1e-6)
    options.learning_rate = -1
    XCTAssertEqual(sax_network_prepare_update(network, &options), Int32(SAX_INVALID_VALUE))
  }
}
