import Imaging
import Kernels
import Tensors

/// Hyper-parameters of a training run as data; `recipes.py` has the same names in Python, which reads ``text``.
public struct Recipe: Sendable {
  public var name: String
  public var batchSize: Int
  public var learningRate: Double
  public var momentum: Double
  public var weightDecay: Double
  public var schedule: Schedule
  public var epochs: Int
  public var rule = SGDUpdate.Rule.paper
  /// η of the rule LARS; other rules ignore it.
  public var trustCoefficient = 0.001
  /// Whether LARS gives biases rates of their own too; if not, Caffe's rule updates them.
  public var larsBiases = true
  /// The epochs over which all rates rise in equal steps, before the schedules' factors.
  public var warmupEpochs = 0.0
  /// The factor at the beginning of the warm-up.
  public var warmupStart = 0.0
  /// Factors on the learning rate and decay of the biases.
  public var biasLearningRate = 1.0
  public var biasWeightDecay = 1.0
  /// The learning rate schedule of biases, if different from that of the weights.
  public var biasSchedule: Schedule?
  /// Parameters with their own learning settings.
  public var groups: [ParameterGroup] = []
  public var crop = true
  public var flip = true
  /// Standard deviation of the colour shift's coefficients; 0 is off.
  public var colorNoise: Float = 0
  /// Epochs with colour noise, and thus with its divisor; nil: all.
  public var colorNoiseEpochs: Int?
  public var colorDivisor: Float = 1
  public var chunk = 1
  public var rotation: Float = 0
  public var shift = 0
  /// The shorter side to which images must have been resized; nil: any.
  public var scale: ClosedRange<Int>?
  /// Where the numbers come from, and how the recipe departs from it.
  public var source: String

  public init(
    name: String, batchSize: Int, learningRate: Double, momentum: Double, weightDecay: Double, schedule: Schedule,
    epochs: Int, source: String = ""
  ) {
    self.name = name
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.schedule = schedule
    self.epochs = epochs
    self.source = source
  }

  /// Whether a schedule (of the weights, the biases or a group) needs the validation error.
  public var needsValidation: Bool {
    ([schedule, biasSchedule] + groups.map(\.schedule)).contains { $0?.needsValidation ?? false }
  }

  /// The augmentation of images with this many channels in an epoch, counted from 0.
  /// - Throws: ``EngineError/invalidValue(_:)`` for settings out of range.
  public func augmentation(epoch: Int, channels: Int = 3) throws -> Augmentation {
    let colored = channels == 3 && (colorNoiseEpochs.map { epoch < $0 } ?? true)
    return try Augmentation(
      randomCrop: crop, flip: flip, colorNoise: colored ? colorNoise : 0, colorDivisor: colorDivisor, chunk: chunk,
      rotation: rotation, shift: shift)
  }
}
