import Tensors

/// The recipes, with the source of every number and any departure from it.
extension Recipe {
  public static let paper = imageNet(
    "paper", schedule: stalling, epochs: 90,
    source: "Krizhevsky et al. 2012, sections 4 and 5; the patience of the schedule is this package's"
  ) { $0.colorNoise = 0.1 }

  /// Biases at twice the rate, never reduced and without decay; the first layer is slowed early and frozen.
  public static let chm145 = imageNet(
    "chm145", schedule: .epochs(boundaries: [25, 51, 79], factor: 0.1), epochs: 91,
    source: "the authors' run 145, layers/layer-params-145.cfg of computerhistory/AlexNet-Source-Code and its log, on "
      + "ILSVRC-2012; epochs of the log are taken as counted from 0; its chunks of 32 images keep the order of the "
      + "files, so that the same ones always share a crop, and here are shuffled anew in every epoch"
  ) {
    $0.setAuthorsBiases(.constant)
    $0.groups = [
      ParameterGroup(
        "conv1.weight", schedule: .epochTable(boundaries: [25, 51, 67, 72], factors: [0.1, 0.01, 0.001, 0])),
      ParameterGroup("conv1.bias", schedule: .epochTable(boundaries: [72], factors: [0])),
    ]
    ($0.colorNoise, $0.colorNoiseEpochs, $0.colorDivisor, $0.chunk) = (0.1, 67, 1.1, 32)
  }

  public static let caffe = imageNet(
    "caffe", schedule: .epochs(boundaries: [20, 40, 60, 80], factor: 0.1), epochs: 90,
    source:
      "BVLC Caffe, models/bvlc_alexnet; its solver divides every 100,000 steps of 256 images, which are 20 epochs "
      + "of ILSVRC, and here 20 epochs of any data; images warped to a square are Preprocessing.warp"
  ) {
    $0.setAuthorsBiases(nil)
    ($0.batchSize, $0.rule) = (256, .caffe)
  }

  public static let torchvision = imageNet(
    "torchvision", schedule: .epochs(boundaries: [30, 60], factor: 0.1), epochs: 90,
    source: "torchvision references/classification for AlexNet: 8 processes of 32 images, together 256; torchvision "
      + "itself crops by RandomResizedCrop, which is not here"
  ) {
    ($0.batchSize, $0.weightDecay, $0.rule) = (256, 0.0001, .pytorch)
  }

  public static let cudaConvnet2 = imageNet(
    "cuda-convnet2", schedule: .dexp(targetFactor: 250, steps: 4), epochs: 90,
    source: "cuda-convnet2, layers/layer-params-imagenet-1gpu.cfg and convdata.py"
  ) {
    $0.setAuthorsBiases(.dexp(targetFactor: 10, steps: 2))
    ($0.colorNoise, $0.colorDivisor) = (0.1, 1.1)
  }

  public static let vgg = vggStage(
    "vgg", learningRate: 0.01, scale: 256...256, source: "S = 256; the patience of the schedule is this package's")
  public static let vgg384 = vggStage(
    "vgg-384", learningRate: 0.001, scale: 384...384,
    source: "S = 384: begins with the weights that `vgg` has trained; length and patience are this package's")
  /// ``Networks/Network/fit(_:recipe:preprocessing:epochs:seed:arithmetic:onEpochEnd:onStep:)`` refuses it, because its
  /// images are all of one size.
  public static let vggJitter = vggStage(
    "vgg-jitter", learningRate: 0.001, scale: 256...512,
    source: "S in [256; 512]: fine-tunes all layers that `vgg-384` has trained; first rate, length and patience are "
      + "this package's, and that S is a whole number")

  /// Their code gives every blob, and so every bias, a rate of its own, and biases no decay.
  public static let lars = imageNet(
    "lars", schedule: .polynomial(power: 2), epochs: 100,
    source: "You, Gitman & Ginsburg 2017, arXiv:1708.03888, section 5 and table 3 (of the version for ICLR 2018) for "
      + "BVLC AlexNet without batch normalisation: rate 10 for batches of 8,192 and of 4,096, 2 for 512, 14 for 16,384 "
      + "and for 32,768, where accuracy falls; biases as in models/bvlc_alexnet, without decay; that warm-up "
      + "begins at 0 and multiplies the schedule is this package's"
  ) {
    ($0.batchSize, $0.learningRate, $0.rule, $0.biasWeightDecay, $0.warmupEpochs) = (8192, 10, .lars, 0, 2)
  }

  public static let small = {
    var recipe = Recipe(
      name: "small", batchSize: 32, learningRate: 0.01, momentum: 0.9, weightDecay: 0.0005,
      schedule: .epochs(boundaries: [80], factor: 0.1), epochs: 100,
      source: "this package's, measured on 400 and on 3,068 photographs (docs/small_data.md); `suggest` gives the "
        + "network and the length that go with it")
    (recipe.colorNoise, recipe.rotation, recipe.shift) = (0.1, 8, 2)
    return recipe
  }()

  public static let cifar80sec = cifar(
    "80sec", epochs: 10, boundaries: [8], groups: [ParameterGroup("fc*.weight", weightDecay: 7.5)],
    source: "the rate falls after 8 epochs, the 2 epochs after that are this package's")
  public static let cifar18pct = cifar(
    "18pct", epochs: 140, boundaries: [120, 130], groups: [ParameterGroup("fc10.weight", weightDecay: 250)],
    source: "120 epochs, 10 at a tenth, 10 at a hundredth (these as in Caffe's port)")
  public static let cifar19pct = cifar(
    "19pct", epochs: 140, boundaries: [120, 130], groups: [ParameterGroup("fc10.weight", weightDecay: 750)],
    source: "trained as long as 18pct")
  public static let cifarConvLocal13pct = cifar(
    "conv-local-13pct", epochs: 160, boundaries: [140, 150],
    groups: [ParameterGroup("conv?.weight", weightDecay: 0)], augmented: true,
    source:
      "there, batches 1 to 4 until the error on the fifth stalls (about 100 epochs), all five until their loss is "
      + "as low (about 40), then 10 and 10 at a tenth and a hundredth; here one training set and fixed lengths")
  public static let cifarConvLocal11pct = cifar(
    "conv-local-11pct", epochs: 520, boundaries: [500, 510],
    groups: [ParameterGroup("conv?.weight", weightDecay: 0), ParameterGroup("fc10.weight", weightDecay: 2.5)],
    augmented: true,
    source: "there, about 350 epochs on batches 1 to 4, about 150 on all five, then 10 and 10 at a tenth and a "
      + "hundredth; here one training set and fixed lengths")

  public static let known = [
    paper, chm145, caffe, torchvision, cudaConvnet2, lars, vgg, vgg384, vggJitter, small, cifar80sec, cifar18pct,
    cifar19pct, cifarConvLocal13pct, cifarConvLocal11pct,
  ]

  /// - Throws: ``EngineError/invalidValue(_:)`` listing the known names and the nearest one.
  public static func named(_ name: String) throws -> Recipe {
    if let found = known.first(where: { $0.name == name }) { return found }
    let expected = NearestName.expected(known.map(\.name), insteadOf: name)
    throw EngineError.invalidValue("recipe: got '\(name)', \(expected)")
  }

  /// "Divided by 10 when the validation error stopped improving"; the patience is this package's choice.
  private static let stalling = Schedule.plateau(factor: 0.1, patience: 5, times: 3)

  /// Settings shared by the recipes for ILSVRC.
  private static func imageNet(
    _ name: String, schedule: Schedule, epochs: Int, source: String, _ change: (inout Recipe) -> Void
  ) -> Recipe {
    var recipe = Recipe(
      name: name, batchSize: 128, learningRate: 0.01, momentum: 0.9, weightDecay: 0.0005, schedule: schedule,
      epochs: epochs, source: source)
    change(&recipe)
    return recipe
  }

  private static func vggStage(
    _ name: String, learningRate: Double, scale: ClosedRange<Int>, source: String
  ) -> Recipe {
    imageNet(
      name, schedule: stalling, epochs: 74, source: "Simonyan & Zisserman 2014, section 3.1, " + source
    ) {
      ($0.batchSize, $0.learningRate, $0.colorNoise, $0.scale) = (256, learningRate, 0.1, scale)
    }
  }

  /// Settings shared by cuda-convnet's nets for CIFAR-10: only the weights' rate is ever reduced.
  private static func cifar(
    _ name: String, epochs: Int, boundaries: [Int], groups: [ParameterGroup], augmented: Bool = false, source: String
  ) -> Recipe {
    var recipe = Recipe(
      name: "cifar-" + name, batchSize: 128, learningRate: 0.001, momentum: 0.9, weightDecay: 0.004,
      schedule: .epochs(boundaries: boundaries, factor: 0.1), epochs: epochs,
      source: "cuda-convnet, example-layers, \(name); \(source)")
    recipe.setAuthorsBiases(.constant)
    (recipe.groups, recipe.crop, recipe.flip) = (groups, augmented, augmented)
    return recipe
  }

  /// Biases as in cuda-convnet and Caffe: twice the rate, no decay.
  private mutating func setAuthorsBiases(_ schedule: Schedule?) {
    (biasLearningRate, biasWeightDecay, biasSchedule) = (2, 0, schedule)
  }
}
