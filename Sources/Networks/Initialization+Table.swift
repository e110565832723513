/// The named initialisations.
extension Initialization {
  public static let known = [
    paper, chm145, caffe, caffenet, torchvision, vgg, vggSmall, glorot, zeros,
    cifar80sec, cifar18pct, cifar19pct, cifarConvLocal13pct, cifarConvLocal11pct,
  ]

  /// Krizhevsky et al. 2012, section 5: N(0, 0.01²); biases 1 in conv2, conv4, conv5 and the hidden dense
  /// layers ("to accelerate the early stages of learning by providing the ReLUs with positive inputs").
  public static let paper = Initialization(
    name: "paper", weights: Rules(all: .normal(0.01)), biases: positive(1, in: ["conv2", "conv4", "conv5"]))
  /// The authors' run 145 (and 146, which has conv6): 0.03 in conv3 and later layers.
  public static let chm145 = Initialization(
    name: "chm145",
    weights: Rules(all: .normal(0.01), nodes: same(.normal(0.03), for: ["conv3", "conv4", "conv5", "conv6"])),
    biases: positive(1, in: ["conv2", "conv4", "conv5", "conv6"]))
  /// BVLC's models/bvlc_alexnet: 0.005 in fc6 and fc7, biases 0.1.
  public static let caffe = Initialization(
    name: "caffe", weights: Rules(all: .normal(0.01), hiddenDense: .normal(0.005)),
    biases: positive(0.1, in: ["conv2", "conv4", "conv5"]))
  /// BVLC's models/bvlc_reference_caffenet: as `caffe` with biases 1.
  public static let caffenet = Initialization(
    name: "caffenet", weights: Rules(all: .normal(0.01), hiddenDense: .normal(0.005)),
    biases: positive(1, in: ["conv2", "conv4", "conv5"]))
  public static let torchvision = Initialization(
    name: "torchvision", weights: Rules(all: .uniformByFanIn), biases: Rules(all: .uniformByFanIn))
  /// Simonyan, Zisserman 2014, section 3.1, as printed: "zero mean and 10⁻² variance", biases 0.
  public static let vgg = Initialization(
    name: "vgg", weights: Rules(all: .normal(0.1)), biases: Rules(all: .constant(0)))
  /// The same with a standard deviation of 10⁻², a common reading of that sentence.
  public static let vggSmall = Initialization(
    name: "vgg_0.01", weights: Rules(all: .normal(0.01)), biases: Rules(all: .constant(0)))
  public static let glorot = Initialization(
    name: "glorot", weights: Rules(all: .glorot), biases: Rules(all: .constant(0)))
  public static let zeros = Initialization(
    name: "zeros", weights: Rules(all: .constant(0)), biases: Rules(all: .constant(0)))

  /// cuda-convnet, example-layers: `initW` of each layer.
  static let cifar80sec = cifar(
    "80sec", ["conv1": 1e-4, "conv2": 0.01, "conv3": 0.01, "fc64": 0.1, "fc10": 0.1])
  static let cifar18pct = cifar("18pct", ["conv1": 1e-4, "conv2": 0.01, "conv3": 0.01, "fc10": 0.01])
  static let cifar19pct = cifar("19pct", ["conv1": 1e-4, "conv2": 0.01, "conv3": 0.01, "fc10": 0.01])
  static let cifarConvLocal13pct = cifar(
    "conv-local-13pct", ["conv1": 1e-4, "conv2": 0.01, "local3": 0.04, "local4": 0.04, "fc10": 0.01])
  static let cifarConvLocal11pct = cifar(
    "conv-local-11pct", ["conv1": 1e-4, "conv2": 0.01, "local3": 0.04, "local4": 0.04, "fc10": 0.01])

  private static func cifar(_ net: String, _ deviations: [String: Float]) -> Initialization {
    Initialization(
      name: "cifar-" + net, weights: Rules(all: .normal(0.01), nodes: deviations.mapValues { .normal($0) }),
      biases: Rules(all: .constant(0)))
  }

  /// `bias` in the named nodes and the hidden dense layers, 0 elsewhere.
  private static func positive(_ bias: Float, in nodes: [String]) -> Rules {
    Rules(all: .constant(0), hiddenDense: .constant(bias), nodes: same(.constant(bias), for: nodes))
  }

  private static func same(_ rule: Rule, for nodes: [String]) -> [String: Rule] {
    Dictionary(uniqueKeysWithValues: nodes.map { ($0, rule) })
  }
}
