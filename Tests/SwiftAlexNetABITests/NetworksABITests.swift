import CSwiftAlexNet
import SwiftAlexNetABI
import XCTest

/// The boundary as a C program sees it.
final class NetworksABITests: XCTestCase {
  private let spec = """
    network tiny
    data channels=2 height=6 width=5
    convolution conv1 outputs=4 kernel=3 stride=1 pad=1,1,1,1 groups=2
    relu relu1
    dense fc2 outputs=3
    softmax prob
    """

  private func network(_ spec: String? = nil) throws -> OpaquePointer {
    var handle: OpaquePointer?
    XCTAssertEqual(sax_network_create(spec ?? self.spec, "paper", 1, &handle), Int32(SAX_OK), lastError)
    return try XCTUnwrap(handle)
  }

  private var lastError: String { String(cString: sax_last_error()) }

  func testLifeOfAHandle() throws {
    let network = try network()
    sax_network_retain(network)
    sax_network_release(network)
    XCTAssertEqual(sax_network_node_count(network), 5)
    sax_network_release(network)
    sax_network_release(nil)
  }

  func testStatusesAndMessages() {
    var handle: OpaquePointer?
    XCTAssertEqual(sax_network_create("nonsense", "paper", 1, &handle), Int32(SAX_INVALID_VALUE))
    XCTAssertTrue(lastError.contains("line 1"), lastError)
    XCTAssertEqual(sax_network_create(spec, "magic", 1, &handle), Int32(SAX_INVALID_VALUE))
    XCTAssertTrue(lastError.contains("paper, chm145, caffe, caffenet, torchvision"), lastError)
    let huge = spec.replacing("outputs=3", with: "outputs=2000000000")
    XCTAssertEqual(sax_network_create(huge, "paper", 1, &handle), Int32(SAX_OUT_OF_MEMORY))
    XCTAssertNil(handle)
  }

  func testTextNeedsRoom() throws {
    let network = try network()
    defer { sax_network_release(network) }
    var text = [CChar](repeating: 0, count: 2048)
    XCTAssertEqual(sax_network_get_spec(network, &text, 4), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_network_get_spec(network, &text, Int64(text.count)), Int32(SAX_OK))
    let written = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    XCTAssertTrue(written.contains("convolution conv1 outputs=4"), written)
  }

  func testParametersLeadThroughTheEnginesMemory() throws {
    let network = try network()
    defer { sax_network_release(network) }
    XCTAssertEqual(sax_network_parameter_count(network), 4)
    var parameter = sax_parameter()
    XCTAssertEqual(sax_network_get_parameter(network, 0, &parameter), Int32(SAX_OK))
    XCTAssertEqual([parameter.shape.0, parameter.shape.1, parameter.shape.2, parameter.shape.3], [4, 1, 3, 3])
    // [h][w][i][o] in memory: the output channel is the fastest.
    XCTAssertEqual(
      [parameter.strides.0, parameter.strides.1, parameter.strides.2, parameter.strides.3], [4, 16, 48, 16])
    var data: UnsafeMutablePointer<Float>?
    for which in [SAX_VALUE, SAX_GRADIENT, SAX_VELOCITY] {
      XCTAssertEqual(sax_network_borrow_parameter_data(network, 0, Int32(which), &data), Int32(SAX_OK))
      XCTAssertNotNil(data)
    }
    XCTAssertEqual(sax_network_get_parameter(network, 4, &parameter), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_network_borrow_parameter_data(network, 0, 3, &data), Int32(SAX_INVALID_VALUE))
  }

  func testFiltersOfEveryPositionHaveSixDimensions() throws {
    let local = "locally_connected conv1 outputs=4 kernel=3 stride=1 pad=1,1,1,1"
    let network = try network(
      spec.replacing("convolution conv1 outputs=4 kernel=3 stride=1 pad=1,1,1,1 groups=2", with: local))
    defer { sax_network_release(network) }
    var parameter = sax_parameter()
    XCTAssertEqual(sax_network_get_parameter(network, 0, &parameter), Int32(SAX_OK))
    let (shape, strides) = (parameter.shape, parameter.strides)
    XCTAssertEqual(parameter.rank, 6)
    XCTAssertEqual([shape.0, shape.1, shape.2, shape.3, shape.4, shape.5], [6, 5, 4, 2, 3, 3])
    // [oh][ow][h][w][i][o] in memory: the output channel is the fastest.
    XCTAssertEqual(
      [strides.0, strides.1, strides.2, strides.3, strides.4, strides.5], [5 * 288, 288, 4, 16, 96, 32])
  }

  func testATrainingStepThroughTheBoundary() throws {
    let network = try network()
    defer { sax_network_release(network) }
    let x = (0..<60).map { Float($0 % 7) }
    var options = sax_step_options(
      learning_rate: 0.1, momentum: 0.9, weight_decay: 0, rule: Int32(SAX_RULE_PAPER), seed: 0, step: 0, rates: nil,
      decays: nil, count: 0, precision: Int32(SAX_FLOAT32))
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

  func testRatesOfEveryParameterThroughTheBoundary() throws {
    let network = try network()
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
      XCTAssertEqual(lastError, "train_step: got \(count) rates and decays, expected 4, one a parameter")
    }
    XCTAssertEqual(step([0.1, 0.1, 0.1, .nan], count: 4), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(bias[2], before)
    XCTAssertEqual(step([0, 0, 0, 0.1], count: 4), Int32(SAX_OK), lastError)
    XCTAssertNotEqual(bias[2], before)
  }

  func testTheMeansPositionThroughTheBoundary() throws {
    let pixels = (0..<4 * 5).map { UInt8(10 * $0) }
    let mean = (0..<4 * 5).map { Float($0) }
    try pixels.withUnsafeBufferPointer { pixels in
      try mean.withUnsafeBufferPointer { mean in
        var images = sax_images(pixels: try XCTUnwrap(pixels.baseAddress), count: 1, height: 4, width: 5, channels: 1)
        var preprocessing = sax_preprocessing()
        (preprocessing.crop_height, preprocessing.crop_width) = (4, 3)
        (preprocessing.mean_kind, preprocessing.mean) = (Int32(SAX_MEAN_IMAGE), mean.baseAddress)
        (preprocessing.mean_height, preprocessing.mean_width) = (4, 5)
        var crops = [Float](repeating: 0, count: 10 * 12)
        XCTAssertEqual(sax_crop_images(&images, &preprocessing, 10, &crops), Int32(SAX_OK), lastError)
        XCTAssertEqual(Array(crops[..<3]), [-1, 8, 17], "the mean begins at the centre, with 1")
        preprocessing.mean_position = Int32(SAX_MEAN_AT_CROP)
        XCTAssertEqual(sax_crop_images(&images, &preprocessing, 10, &crops), Int32(SAX_OK), lastError)
        XCTAssertEqual(Array(crops[..<3]), [0, 9, 18])
        XCTAssertEqual(Array(crops[60..<63]), [18, 9, 0], "the mirror image")
        for position: Int32 in [-1, 2, .max] {
          preprocessing.mean_position = position
          XCTAssertEqual(sax_crop_images(&images, &preprocessing, 10, &crops), Int32(SAX_INVALID_VALUE))
          XCTAssertEqual(lastError, "mean position: got \(position), expected 0 or 1")
        }
      }
    }
  }

  func testViewsAndDenseEvaluationThroughTheBoundary() throws {
    let network = try network()
    defer { sax_network_release(network) }
    let pixels = (0..<8 * 9 * 2).map { UInt8($0) }
    var preprocessing = sax_preprocessing()
    (preprocessing.crop_height, preprocessing.crop_width) = (6, 5)
    var float32 = sax_arithmetic()
    var probabilities = [Float](repeating: 0, count: 3)
    try pixels.withUnsafeBufferPointer { pixels in
      var images = sax_images(pixels: try XCTUnwrap(pixels.baseAddress), count: 1, height: 8, width: 9, channels: 2)
      for views: Int64 in [1, 9, 10, 50] {
        XCTAssertEqual(
          sax_network_predict_images(network, &images, &preprocessing, views, &float32, &probabilities), Int32(SAX_OK),
          lastError)
        XCTAssertEqual(probabilities.reduce(0, +), 1, accuracy: 1e-5)
      }
      for views: Int64 in [0, 2, 25, .max] {
        XCTAssertEqual(
          sax_network_predict_images(network, &images, &preprocessing, views, &float32, &probabilities),
          Int32(SAX_INVALID_VALUE))
        XCTAssertEqual(lastError, "crops: got \(views), expected 1, 9, 10 or 50")
      }
      var (rows, columns): (Int64, Int64) = (0, 0)
      XCTAssertEqual(sax_network_score_map_size(network, 8, 9, &rows, &columns), Int32(SAX_OK))
      XCTAssertEqual([rows, columns], [3, 5])
      var scores = [Float](repeating: .nan, count: 3 * 5 * 3)
      XCTAssertEqual(
        sax_network_score_map(network, &images, &preprocessing, &float32, &scores), Int32(SAX_OK), lastError)
      XCTAssertFalse(scores.contains { $0.isNaN })
      for mirror: Int32 in [0, 1] {
        XCTAssertEqual(
          sax_network_predict_dense(network, &images, &preprocessing, mirror, &float32, &probabilities), Int32(SAX_OK),
          lastError)
        XCTAssertEqual(probabilities.reduce(0, +), 1, accuracy: 1e-5)
      }
      (images.height, images.width) = (5, 9)
      XCTAssertEqual(
        sax_network_predict_dense(network, &images, &preprocessing, 1, &float32, &probabilities),
        Int32(SAX_INVALID_VALUE))
      XCTAssertTrue(lastError.contains("needs 6×5 or more"), lastError)
    }
  }

  func testNumbersThatAreNoArithmetic() throws {
    let network = try network()
    defer { sax_network_release(network) }
    let x = [Float](repeating: 0.5, count: 60)
    var logits = [Float](repeating: 0, count: 3)
    for (given, message) in [
      (
        sax_arithmetic(precision: 2, int8_dense_weights: 0, fast_math: 0),
        "precision: got 2, expected 0 (float32) or 1 (bfloat16)"
      ),
      (sax_arithmetic(precision: 0, int8_dense_weights: 7, fast_math: 0), "int8 weights: got 7, expected 0 or 1"),
      (sax_arithmetic(precision: 0, int8_dense_weights: 0, fast_math: -1), "fast math: got -1, expected 0 or 1"),
    ] {
      var arithmetic = given
      XCTAssertEqual(
        sax_network_forward(network, x, 1, Int32(SAX_NCHW), 0, 0, 0, 0, &arithmetic, &logits), Int32(SAX_INVALID_VALUE))
      XCTAssertEqual(lastError, "forward: " + message)
    }
  }

  func testPackedWeightsGoWhenWrittenValuesAreGivenBack() throws {
    let network = try network()
    defer { sax_network_release(network) }
    let x = [Float](repeating: 0.5, count: 60)
    var logits = [Float](repeating: 0, count: 3)
    var float32 = sax_arithmetic()
    XCTAssertEqual(
      sax_network_forward(network, x, 1, Int32(SAX_NCHW), 0, 0, 0, 0, &float32, &logits), Int32(SAX_OK), lastError)
    let packed = sax_live_bytes()
    var values: UnsafeMutablePointer<Float>?
    XCTAssertEqual(sax_network_borrow_parameter_data(network, 0, Int32(SAX_VALUE), &values), Int32(SAX_OK))
    XCTAssertEqual(sax_live_bytes(), packed)
    sax_network_return_parameter_data(network, 0, Int32(SAX_VALUE))
    XCTAssertLessThan(sax_live_bytes(), packed)
  }

  func testProfilingComparesTheChannels() throws {
    let network = try network()
    defer { sax_network_release(network) }
    let pixels = [UInt8](repeating: 1, count: 6 * 5)
    var preprocessing = sax_preprocessing()
    (preprocessing.crop_height, preprocessing.crop_width) = (6, 5)
    var float32 = sax_arithmetic()
    var profile = sax_profile()
    var rows = [sax_profile_row](repeating: sax_profile_row(), count: 16)
    try pixels.withUnsafeBufferPointer { pixels in
      var images = sax_images(pixels: try XCTUnwrap(pixels.baseAddress), count: 1, height: 6, width: 5, channels: 1)
      XCTAssertEqual(
        sax_network_profile_images(network, &images, &preprocessing, nil, &float32, 1, &profile, &rows, 16),
        Int32(SAX_INVALID_VALUE))
      XCTAssertTrue(lastError.hasPrefix("profile: got images of"), lastError)
      XCTAssertTrue(lastError.contains("tiny takes"), lastError)
    }
  }

  func testRuntimeInformation() {
    var info = sax_runtime_info()
    XCTAssertEqual(sax_get_runtime_info(&info), Int32(SAX_OK))
    XCTAssertEqual(sax_set_num_threads(0), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_set_num_threads(1_000_000), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_set_num_threads(sax_get_num_threads()), Int32(SAX_OK))
  }

  func testTileRatesFillTheTable() {
    var rates = [Double](repeating: -1, count: Int(SAX_TILE_VECTORS * SAX_TILE_ROWS))
    XCTAssertEqual(sax_measure_tile_rates(&rates), Int32(SAX_OK))
    XCTAssertTrue(rates.allSatisfy { $0 >= 0 })
    XCTAssertGreaterThan(rates[0], 0)
    XCTAssertEqual(rates.last, 0, "no tile has so many rows of three vectors")
  }
}
