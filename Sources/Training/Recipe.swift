import Imaging
import Kernels

/// Hyper-parameters of a training run as data.
public struct Recipe: Sendable {
  public var name: String
  public var batchSize: Int
  public var learningRate: Float
  public var momentum: Float
  public var weightDecay: Float
  public var rule: SGDUpdate.Rule
  /// Factors on learning rate and decay of the biases.
  public var biasRate: Float
  public var biasDecay: Float
  public var schedule: Schedule
  public var epochs: Int
  public var randomCrop: Bool
  public var flip: Bool
  /// Standard deviation of the colour shift's coefficients; 0 is off.
  public var colorNoise: Float

  /// Krizhevsky et al. 2012, sections 4.1 and 5: batch 128, rate 0.01 divided by 10 three times, momentum 0.9,
  /// decay 0.0005, about 90 epochs, an equal rate for all layers.
  public static let paper = Recipe(
    name: "paper", batchSize: 128, learningRate: 0.01, momentum: 0.9, weightDecay: 0.0005, rule: .paper, biasRate: 1,
    biasDecay: 1, schedule: .plateau(factor: 0.1, patience: 5, times: 3), epochs: 90, randomCrop: true, flip: true,
    colorNoise: 0.1)
  /// BVLC's solvers: batch 256, rate divided by 10 every 20 epochs, biases at twice the rate without decay.
  public static let caffe = Recipe(
    name: "caffe", batchSize: 256, learningRate: 0.01, momentum: 0.9, weightDecay: 0.0005, rule: .paper, biasRate: 2,
    biasDecay: 0, schedule: .epochs(boundaries: [20, 40, 60, 80], factor: 0.1), epochs: 90, randomCrop: true,
    flip: true, colorNoise: 0)
  /// torchvision's references: batch 32, rate divided by 10 every 30 epochs, decay 0.0001.
  public static let torchvision = Recipe(
    name: "torchvision", batchSize: 32, learningRate: 0.01, momentum: 0.9, weightDecay: 0.0001, rule: .pytorch,
    biasRate: 1, biasDecay: 1, schedule: .epochs(boundaries: [30, 60], factor: 0.1), epochs: 90, randomCrop: true,
    flip: true, colorNoise: 0)

  public static let known = [paper, caffe, torchvision]
}
