import XCTest

@testable import Training

final class RecipeTextTests: XCTestCase {
  func testEverySettingHasALine() {
    var recipe = Recipe.chm145
    (recipe.scale, recipe.source) = (256...512, "somebody's")
    XCTAssertEqual(
      recipe.text,
      """
      name chm145
      batch_size 128
      learning_rate 0.01
      momentum 0.9
      weight_decay 0.0005
      schedule epochs boundaries=25,51,79 factor=0.1
      epochs 91
      rule paper
      trust_coefficient 0.001
      lars_biases 1
      warmup_epochs 0.0
      warmup_start 0.0
      bias_learning_rate 2.0
      bias_weight_decay 0.0
      bias_schedule constant
      group conv1.weight learning_rate=1.0 weight_decay=1.0 schedule epoch_table boundaries=25,51,67,72 \
      factors=0.1,0.01,0.001,0.0
      group conv1.bias learning_rate=1.0 weight_decay=1.0 schedule epoch_table boundaries=72 factors=0.0
      crop 1
      flip 1
      color_noise 0.1
      color_noise_epochs 67
      color_divisor 1.1
      chunk 32
      rotation 0.0
      shift 0
      scale 256 512
      source somebody's

      """)
  }

  func testSchedules() {
    let cases: [(Schedule, String)] = [
      (.constant, "constant"), (.steps(boundaries: [3], factor: 0.5), "steps boundaries=3 factor=0.5"),
      (.plateau(factor: 0.1, patience: 5, times: 3), "plateau factor=0.1 patience=5 times=3"),
      (.dexp(targetFactor: 250, steps: 4), "dexp target_factor=250.0 steps=4"),
      (.polynomial(power: 2), "polynomial power=2.0"),
    ]
    for (schedule, text) in cases {
      var recipe = Recipe.small
      recipe.schedule = schedule
      XCTAssertTrue(recipe.text.contains("\nschedule \(text)\n"), recipe.text)
    }
  }

  func testEveryRecipeHasItsSourceOnOneLine() {
    for recipe in Recipe.known {
      XCTAssertTrue(recipe.text.hasSuffix("\nsource \(recipe.source)\n"))
      XCTAssertGreaterThan(recipe.source.count, 20, recipe.name)
      XCTAssertFalse(recipe.source.contains("\n"))
    }
  }
}
