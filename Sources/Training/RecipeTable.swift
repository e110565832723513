import Tensors

/// The recipes; `recipe_table.py` has the same for Python, with the source of every number and what departs
/// from it.
extension Recipe {
  /// Krizhevsky et al. 2012, sections 4.1 and 5: batch 128, rate 0.01 divided by 10 three times, momentum 0.9,
  /// decay 0.0005, about 90 epochs, an equal rate for all layers.
  public static let paper = imageNet("paper", schedule: stalling, epochs: 90) { $0.colorNoise = 0.1 }

  /// The authors' own run 145: biases at twice the rate, never reduced and without decay; the first layer is slowed
  /// early and frozen; colour noise ends at epoch 67; 32 images share a crop. Epochs of the log are taken as counted
  /// from 0; the authors' chunks of 32 keep the order of the files, so that the same images always share a crop, and here
  /// are shuffled anew in every epoch.
  public static let chm145 = imageNet("chm145", schedule: .epochs(boundaries: [25, 51, 79], factor: 0.1), epochs: 91) {
    $0.setAuthorsBiases(.constant)
    $0.groups = [
      ParameterGroup(
        "conv1.weight", schedule: .epochTable(boundaries: [25, 51, 67, 72], factors: [0.1, 0.01, 0.001, 0])),
      ParameterGroup("conv1.bias", schedule: .epochTable(boundaries: [72], factors: [0])),
    ]
    ($0.colorNoise, $0.colorNoiseEpochs, $0.colorDivisor, $0.chunk) = (0.1, 67, 1.1, 32)
  }

  /// BVLC's solvers: batch 256, rate divided by 10 every 20 epochs, biases at twice the rate without decay.
  public static let caffe = imageNet("caffe", schedule: .epochs(boundaries: [20, 40, 60, 80], factor: 0.1), epochs: 90)
  {
    $0.setAuthorsBiases(nil)
    ($0.batchSize, $0.rule) = (256, .caffe)
  }

  /// torchvision's references: 8 processes of 32 images, together 256, rate divided by 10 every 30 epochs, decay
  /// 0.0001. torchvision itself crops by RandomResizedCrop, which is not here.
  public static let torchvision = imageNet(
    "torchvision", schedule: .epochs(boundaries: [30, 60], factor: 0.1), epochs: 90
  ) {
    ($0.batchSize, $0.weightDecay, $0.rule) = (256, 0.0001, .pytorch)
  }

  /// cuda-convnet2 on one GPU: rates fall by a schedule that is stretched over the run.
  public static let cudaConvnet2 = imageNet(
    "cuda-convnet2", schedule: .dexp(targetFactor: 250, steps: 4), epochs: 90
  ) {
    $0.setAuthorsBiases(.dexp(targetFactor: 10, steps: 2))
    ($0.colorNoise, $0.colorDivisor) = (0.1, 1.1)
  }

  /// Simonyan & Zisserman 2014, section 3.1, S = 256.
  public static let vgg = vggStage("vgg", learningRate: 0.01, scale: 256...256)
  /// S = 384: begins with the weights that `vgg` has trained.
  public static let vgg384 = vggStage("vgg-384", learningRate: 0.001, scale: 384...384)
  /// S in 256 ... 512: fine-tunes what `vgg384` has trained. `fit` refuses it: its images are all of one size.
  public static let vggJitter = vggStage("vgg-jitter", learningRate: 0.001, scale: 256...512)

  /// This package's, for a few hundred to a few thousand photographs: docs/small_data.md.
  public static let small = {
    var recipe = Recipe(
      name: "small", batchSize: 32, learningRate: 0.01, momentum: 0.9, weightDecay: 0.0005,
      schedule: .epochs(boundaries: [80], factor: 0.1), epochs: 100)
    (recipe.colorNoise, recipe.rotation, recipe.shift) = (0.1, 8, 2)
    return recipe
  }()

  public static let cifar80sec = cifar(
    "80sec", epochs: 10, boundaries: [8], groups: [ParameterGroup("fc*.weight", weightDecay: 7.5)])
  public static let cifar18pct = cifar(
    "18pct", epochs: 140, boundaries: [120, 130], groups: [ParameterGroup("fc10.weight", weightDecay: 250)])
  public static let cifar19pct = cifar(
    "19pct", epochs: 140, boundaries: [120, 130], groups: [ParameterGroup("fc10.weight", weightDecay: 750)])
  public static let cifarConvLocal13pct = cifar(
    "conv-local-13pct", epochs: 160, boundaries: [140, 150],
    groups: [ParameterGroup("conv?.weight", weightDecay: 0)], augmented: true)
  public static let cifarConvLocal11pct = cifar(
    "conv-local-11pct", epochs: 520, boundaries: [500, 510],
    groups: [ParameterGroup("conv?.weight", weightDecay: 0), ParameterGroup("fc10.weight", weightDecay: 2.5)],
    augmented: true)

  public static let known = [
    paper, chm145, caffe, torchvision, cudaConvnet2, vgg, vgg384, vggJitter, small, cifar80sec, cifar18pct,
    cifar19pct, cifarConvLocal13pct, cifarConvLocal11pct,
  ]

  /// - Throws: ``EngineError/invalidValue(_:)`` with the names that exist and the nearest of them.
  public static func named(_ name: String) throws -> Recipe {
    if let found = known.first(where: { $0.name == name }) { return found }
    let expected = NearestName.expected(known.map(\.name), insteadOf: name)
    throw EngineError.invalidValue("recipe: got '\(name)', \(expected)")
  }

  /// "Divided by 10 when the validation error stopped improving"; the patience is this package's.
  private static let stalling = Schedule.plateau(factor: 0.1, patience: 5, times: 3)

  /// What the recipes for ILSVRC share.
  private static func imageNet(
    _ name: String, schedule: Schedule, epochs: Int, _ change: (inout Recipe) -> Void
  ) -> Recipe {
    var recipe = Recipe(
      name: name, batchSize: 128, learningRate: 0.01, momentum: 0.9, weightDecay: 0.0005, schedule: schedule,
      epochs: epochs)
    change(&recipe)
    return recipe
  }

  private static func vggStage(_ name: String, learningRate: Double, scale: ClosedRange<Int>) -> Recipe {
    imageNet(name, schedule: stalling, epochs: 74) {
      ($0.batchSize, $0.learningRate, $0.colorNoise, $0.scale) = (256, learningRate, 0.1, scale)
    }
  }

  /// What cuda-convnet's nets for CIFAR-10 share: only the weights' rate is ever reduced.
  private static func cifar(
    _ name: String, epochs: Int, boundaries: [Int], groups: [ParameterGroup], augmented: Bool = false
  ) -> Recipe {
    var recipe = Recipe(
      name: "cifar-" + name, batchSize: 128, learningRate: 0.001, momentum: 0.9, weightDecay: 0.004,
      schedule: .epochs(boundaries: boundaries, factor: 0.1), epochs: epochs)
    recipe.setAuthorsBiases(.constant)
    (recipe.groups, recipe.crop, recipe.flip) = (groups, augmented, augmented)
    return recipe
  }

  /// Biases as cuda-convnet and Caffe have them: twice the rate, no decay.
  private mutating func setAuthorsBiases(_ schedule: Schedule?) {
    (biasLearningRate, biasWeightDecay, biasSchedule) = (2, 0, schedule)
  }
}
