import Imaging
import Kernels
import Networks
import XCTest

@testable import Training

final class FitTests: XCTestCase {
  /// Squares in three brightness levels: learned in a few epochs.
  private func images(classWeights: [Float]? = nil) throws -> ImageSet {
    let labels = (0..<60).map { Int32($0 % 3) }
    let pixels = labels.enumerated().flatMap { index, label in
      (0..<8 * 8).map { UInt8(80 * Int(label) + (index * 31 + $0 * 7) % 40) }
    }
    return try ImageSet(
      pixels: pixels, labels: labels, height: 8, width: 8, channels: 1,
      sampleWeights: classWeights.map { weights in labels.map { weights[Int($0)] } })
  }

  private func network() throws -> Network {
    let text = """
      network small
      data channels=1 height=6 width=6
      convolution conv1 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=1
      relu relu1
      dense fc2 outputs=3
      softmax prob
      """
    return try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
  }

  private func fit(
    _ network: Network, epochs: Int, classWeights: [Float]? = nil, _ change: (inout Recipe) -> Void = { _ in }
  ) throws -> [EpochReport] {
    var recipe = Recipe.torchvision
    recipe.batchSize = 16
    change(&recipe)
    let preprocessing = try Preprocessing(
      cropHeight: 6, cropWidth: 6, mean: .channels([100]), scale: [1.0 / 64])
    var reports: [EpochReport] = []
    try network.fit(
      images(classWeights: classWeights), recipe: recipe, preprocessing: preprocessing, epochs: epochs, seed: 3
    ) {
      reports.append($0)
      return nil
    }
    return reports
  }

  func testLearns() throws {
    let reports = try fit(network(), epochs: 30)
    XCTAssertEqual(reports.count, 30)
    XCTAssertLessThan(reports[29].top1Error, 5)
    XCTAssertLessThan(reports[29].loss, reports[0].loss)
  }

  func testLearnsByLARSAfterAWarmUp() throws {
    var networks: [Network] = []
    for larsBiases in [true, false] {
      networks.append(try network())
      let reports = try fit(networks.last!, epochs: 30) {
        ($0.rule, $0.learningRate, $0.trustCoefficient, $0.larsBiases) = (.lars, 2, 0.01, larsBiases)
        ($0.biasLearningRate, $0.schedule, $0.warmupEpochs) = (0.01, .polynomial(power: 2), 2)
      }
      // The last of 4 steps, 3 of the warm-up's 8, and of 120 in all.
      XCTAssertEqual(reports[0].learningRate, 2 * 0.375 * 0.975 * 0.975, accuracy: 1e-12)
      XCTAssertLessThan(reports[29].top1Error, 5)
    }
    XCTAssertNotEqual(
      Array(networks[0].parameters[1].value.buffer), Array(networks[1].parameters[1].value.buffer))
  }

  func testEqualWeightsOfImagesChangeNoBit() throws {
    let (plain, weighted) = (try network(), try network())
    let reports = (try fit(plain, epochs: 2), try fit(weighted, epochs: 2, classWeights: [0.3, 0.3, 0.3]))
    XCTAssertEqual(
      plain.parameters.map { Array($0.value.buffer) }, weighted.parameters.map { Array($0.value.buffer) })
    XCTAssertEqual(reports.0[1].loss, reports.1[1].loss, accuracy: 1e-12)
    XCTAssertEqual(reports.0[1].top1Error, reports.1[1].top1Error)
  }

  /// Only one class counts: it is learned, the others are wrong, and the loss is that of the one.
  func testWeightsFollowTheOrderOfImages() throws {
    let last = try XCTUnwrap(fit(network(), epochs: 30, classWeights: [0, 2, 0]).last)
    XCTAssertLessThan(last.loss, 0.01)
    XCTAssertEqual(last.top1Error, 200.0 / 3, accuracy: 1e-9)
  }

  func testWeightsOfImagesAreChecked() throws {
    for (weight, message) in [(Float.nan, "is nan"), (-1, "is -1"), (0, "weights of all images are zero")] {
      let weights = [weight, weight, weight]
      XCTAssertThrowsError(try images(classWeights: weights)) {
        XCTAssertTrue("\($0)".contains(message), "\($0)")
      }
    }
    XCTAssertThrowsError(
      try ImageSet(pixels: [0, 1], labels: [0, 1], height: 1, width: 1, channels: 1, sampleWeights: [1]))
  }

  func testSameSeedSameBits() throws {
    let (first, second) = (try network(), try network())
    _ = try fit(first, epochs: 2)
    _ = try fit(second, epochs: 2)
    XCTAssertEqual(
      first.parameters.map { Array($0.value.buffer) }, second.parameters.map { Array($0.value.buffer) })
  }

  func testSchedulesActInsideAnEpochAndTheReportHasTheLastRate() throws {
    let reports = try fit(network(), epochs: 2) { $0.schedule = .steps(boundaries: [3, 4], factor: 0.5) }
    XCTAssertEqual(reports.map(\.learningRate), [0.005, 0.0025])
    let stretched = try fit(network(), epochs: 4) { $0.schedule = .dexp(targetFactor: 100, steps: 2) }
    XCTAssertEqual(stretched.map { ($0.learningRate * 1e6).rounded() }, [10_000, 10_000, 100, 100])
  }

  func testGroupsAndBiasesLearnInTheirOwnWay() throws {
    let network = try network()
    let before = values(network)
    _ = try fit(network, epochs: 1) {
      $0.biasSchedule = .epochTable(boundaries: [0], factors: [0])
      $0.groups = [ParameterGroup("conv1.*", learningRate: 0), ParameterGroup("fc?.bias", schedule: .constant)]
    }
    let changed = zip(before, values(network)).map { $0 != $1 }
    XCTAssertEqual(network.parameters.map(\.name), ["conv1.weight", "conv1.bias", "fc2.weight", "fc2.bias"])
    XCTAssertEqual(changed, [false, false, true, true])
  }

  func testFactorsOfTheNetworkCountAndStay() throws {
    let network = try network()
    try network.setMultipliers(of: network.parameters[0], rate: 0, decay: 0.5)
    let before = values(network)
    var recipe = Recipe.torchvision
    (recipe.biasLearningRate, recipe.biasWeightDecay) = (2, 0)
    let preprocessing = try Preprocessing(cropHeight: 6, cropWidth: 6, mean: .channels([100]), scale: [1.0 / 64])
    try network.fit(images(), recipe: recipe, preprocessing: preprocessing, epochs: 1, seed: 3) { _ in
      XCTAssertEqual(network.parameters.map(\.rateMultiplier), [0, 1, 1, 1])
      return nil
    }
    XCTAssertEqual(network.parameters.map(\.rateMultiplier), [0, 1, 1, 1])
    XCTAssertEqual(network.parameters.map(\.decayMultiplier), [0.5, 1, 1, 1])
    XCTAssertEqual(values(network)[0], before[0])
    XCTAssertThrowsError(try fit(network, epochs: 1) { $0.groups = [ParameterGroup("fc2.*", learningRate: .nan)] })
    XCTAssertEqual(network.parameters.map(\.rateMultiplier), [0, 1, 1, 1])
  }

  func testCaffesRuleTrainsToThePapersWeightsWithinRounding() throws {
    func trained(_ rule: SGDUpdate.Rule) throws -> [Float] {
      let network = try network()
      _ = try fit(network, epochs: 4) {
        ($0.rule, $0.schedule) = (rule, .steps(boundaries: [3, 6], factor: 0.3))
      }
      return values(network).flatMap { $0 }
    }
    let (paper, caffe, pytorch) = (try trained(.paper), try trained(.caffe), try trained(.pytorch))
    let difference = { (a: [Float], b: [Float]) in zip(a, b).map { abs($0 - $1) }.max() ?? 0 }
    XCTAssertLessThan(difference(paper, caffe), 1e-5)
    XCTAssertGreaterThan(difference(paper, pytorch), 1e-4)
  }

  private func values(_ network: Network) -> [[Float]] { network.parameters.map { Array($0.value.buffer) } }

  func testRefusalsBeforeAnyWork() throws {
    let network = try network()
    let before = network.parameters.map { Array($0.value.buffer) }
    let gray = try Preprocessing(cropHeight: 6, cropWidth: 6, mean: .none, scale: [])
    let colored = try ImageSet(
      pixels: [UInt8](repeating: 0, count: 2 * 8 * 8 * 3), labels: [0, 1], height: 8, width: 8, channels: 3)
    XCTAssertThrowsError(try network.fit(colored, recipe: .torchvision, preprocessing: gray)) {
      XCTAssertTrue("\($0)".contains("3 channels"), "\($0)")
    }
    XCTAssertThrowsError(try network.fit(images(), recipe: .torchvision, preprocessing: gray, epochs: -1))
    var recipe = Recipe.torchvision
    recipe.batchSize = 0
    XCTAssertThrowsError(try network.fit(images(), recipe: recipe, preprocessing: gray, epochs: 1))
    XCTAssertThrowsError(try fit(network, epochs: 1) { $0.groups = [ParameterGroup("fc9.*")] }) {
      XCTAssertTrue("\($0)".contains("'fc9.*' of recipe torchvision matches no parameter; there are conv1.w"), "\($0)")
    }
    XCTAssertThrowsError(try fit(network, epochs: 1) { $0.schedule = .dexp(targetFactor: 0, steps: 4) })
    XCTAssertThrowsError(try fit(network, epochs: 1) { $0.scale = 256...512 }) {
      XCTAssertTrue("\($0)".contains("8×8 pixels, the recipe needs a shorter side of 256 to 512"), "\($0)")
    }
    XCTAssertThrowsError(try fit(network, epochs: .max))
    XCTAssertEqual(network.parameters.map { Array($0.value.buffer) }, before)
  }

  func testAPlateauWantsTheValidationError() throws {
    let network = try network()
    let before = values(network)
    let preprocessing = try Preprocessing(cropHeight: 6, cropWidth: 6, mean: .none, scale: [])
    let plateau = Schedule.plateau(factor: 0.1, patience: 1, times: 1)
    let places: [(inout Recipe) -> Void] = [
      { $0.schedule = plateau }, { $0.biasSchedule = plateau },
      { $0.groups = [ParameterGroup("fc2.*", schedule: plateau)] },
    ]
    for place in places {
      var recipe = Recipe.torchvision
      place(&recipe)
      XCTAssertThrowsError(try network.fit(images(), recipe: recipe, preprocessing: preprocessing, epochs: 2)) {
        XCTAssertTrue("\($0)".contains("fit: recipe torchvision has a plateau schedule"), "\($0)")
      }
      XCTAssertEqual(values(network), before)
    }
    var recipe = Recipe.torchvision
    recipe.schedule = plateau
    var rates: [Double] = []
    try network.fit(images(), recipe: recipe, preprocessing: preprocessing, epochs: 3) {
      rates.append($0.learningRate)
      return 50
    }
    XCTAssertEqual(rates.map { ($0 * 1e4).rounded() }, [100, 100, 10])
    XCTAssertThrowsError(
      try network.fit(images(), recipe: recipe, preprocessing: preprocessing, epochs: 3) { $0.epoch == 0 ? 50 : nil }
    ) { XCTAssertTrue("\($0)".contains("returned nil after epoch 2"), "\($0)") }
    XCTAssertEqual(network.parameters.map(\.rateMultiplier), [1, 1, 1, 1])
  }

  func testImageSetChecksItsSizes() {
    XCTAssertThrowsError(try ImageSet(pixels: [1, 2, 3], labels: [0], height: 2, width: 2, channels: 1))
    XCTAssertThrowsError(try ImageSet(pixels: [], labels: [], height: 2, width: 2, channels: 1))
  }
}
