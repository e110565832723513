import XCTest

@testable import Training

final class RecipeDescriptionTests: XCTestCase {
  func testARecipePrintsItsSettings() {
    XCTAssertEqual(
      "\(Recipe.chm145)",
      """
      recipe chm145: \(Recipe.chm145.source)
        batch size            128
        learning rate         0.01
        momentum              0.9
        weight decay          0.0005
        schedule              × 0.1 after epochs 25, 51, 79
        epochs                91
        rule                  paper
        trust coefficient     0.001
        LARS for biases       true
        warm-up epochs        0.0
        warm-up from          × 0.0
        bias learning rate    × 2.0
        bias weight decay     × 0.0
        bias schedule         constant
        groups                conv1.weight: × 0.1 after epoch 25, × 0.01 after epoch 51, × 0.001 after epoch 67, \
      × 0.0 after epoch 72; conv1.bias: × 0.0 after epoch 72
        crop                  true
        flip                  true
        colour noise          0.1
        colour noise epochs   67
        colour divisor        1.1
        chunk                 32
        rotation              0.0
        shift                 0
        scale                 –
      """)
    XCTAssertTrue("\(Recipe.vggJitter)".contains("scale                 256...512"))
  }

  /// A new field gets its own line; name and source share the first.
  func testEveryFieldIsPrinted() {
    XCTAssertEqual("\(Recipe.paper)".split(separator: "\n").count, Mirror(reflecting: Recipe.paper).children.count - 1)
  }

  func testSchedulesAndGroups() {
    XCTAssertEqual(
      "\(Recipe.paper.schedule)", "× 0.1 after 5 epochs without a better validation error, 3 times")
    XCTAssertEqual("\(Recipe.cudaConvnet2.schedule)", "÷ 250.0 over the run, in 4 equal stretches")
    XCTAssertEqual("\(Recipe.lars.schedule)", "× (1 − step / steps of the run)^2.0")
    XCTAssertEqual("\(Schedule.steps(boundaries: [3, 6], factor: 0.5))", "× 0.5 after steps 3, 6")
    XCTAssertEqual("\(Schedule.epochs(boundaries: [8], factor: 0.5))", "× 0.5 after epoch 8")
    XCTAssertEqual(
      "\(ParameterGroup("fc*", learningRate: 2, weightDecay: 0, schedule: .constant))",
      "fc*: rate × 2.0, decay × 0.0, constant")
    XCTAssertEqual("\(ParameterGroup("fc*"))", "fc*: as all others")
  }
}
