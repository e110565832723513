import Imaging
import Kernels
import Networks
import SwiftAlexNet
import Tensors

extension Model {
  /// Reads a model from a file that this package wrote, from Swift or from Python: a model file, or the checkpoint of a
  /// training run. Weights, class names, preprocessing, frozen layers and a whitening matrix come with it, and it
  /// predicts the same bits as where it was written.
  ///
  ///     let model = try Model(contentsOf: "flowers.safetensors")
  ///     print(try model.predict(image))
  ///
  /// Every byte of the file is checked against its hashes, and every size before memory is taken for it. Weights of 16
  /// bits become float32. A model without class names gets numbers in their place, a network that ends with a map,
  /// such as pool5, no names. Of a checkpoint, the optimiser's state is checked and left out.
  /// - Throws: ``ModelFileError/damaged(_:)`` for a file that is damaged, cut short, or not a model of this package;
  ///   ``ModelFileError/system(code:_:)`` if it cannot be read or is not a regular file;
  ///   `EngineError.outOfMemory` if the model does not fit into memory.
  public convenience init(contentsOf path: String) throws {
    try Path.require(path, operation: "model")
    let file = try ModelParts.naming("\(path) is damaged") { try SafetensorsReader(path) }
    let parts = try ModelParts.naming("\(path) does not contain a model") {
      try ModelParts(file) { try ComputeContext() }
    }
    try self.init(parts)
  }

  convenience init(_ parts: ModelParts) throws {
    try self.init(
      network: parts.network, classes: parts.classes, preprocessing: parts.preprocessing, nextMean: parts.nextMean,
      details: parts.details)
  }
}

/// What a model is made of, as a file holds it.
struct ModelParts {
  static let (meanName, whiteningName) = ("preprocessing.mean", "preprocessing.whitening")
  static let answersName = "known_answers"
  /// Behind the name of a parameter whose weights are bytes.
  static let scales = ".scales"

  let network: Network
  let classes: [String]
  let preprocessing: Preprocessing
  let nextMean: PreprocessingDefaults.LearnedMean
  let details: ModelDetails

  init(_ file: SafetensorsReader, makeContext: @escaping @Sendable () throws -> ComputeContext) throws {
    let description = try ModelDescription(parsing: file.section(ModelDescription.sectionName))
    let spec = try NetworkSpec(text: description.specification)
    // A rehearsal takes no memory, so a hostile specification gets none.
    try MemoryRehearsal().run {
      let rehearsed = try Network(spec: spec, makeContext: makeContext)
      let rounded = description.quantization == nil ? [] : rehearsed.weightsOfInt8
      for parameter in rehearsed.parameters {
        let isRounded = rounded.contains { $0 === parameter }
        try file.requiredTensor(parameter.name).require(
          shape: parameter.shape, types: isRounded ? [.int8] : TensorEntry.floats)
        if isRounded {
          try file.requiredTensor(parameter.name + Self.scales).require(shape: [parameter.shape[0]], types: [.float32])
        }
      }
    }
    let mean = try file.requiredTensor(Self.meanName)
    let fields = description.preprocessing
    if let problem = fields.problem(meanShape: mean.shape, input: spec.input) { throw JSON.Malformed(problem) }

    network = try Network(spec: spec, makeContext: makeContext)
    classes = try description.names(of: network)
    let context = try makeContext()
    let rounded = description.quantization == nil ? [] : network.weightsOfInt8
    for parameter in network.parameters {
      try Self.read(parameter, isRounded: rounded.contains { $0 === parameter }, from: file, context)
    }
    try network.setQuantization(description.quantization?.quantization(of: network))
    preprocessing = try Preprocessing(
      cropHeight: fields.crop, cropWidth: fields.crop, mean: try Self.readMean(mean, from: file), scale: fields.scale,
      meanPosition: fields.meanPosition)
    try Self.readWhitening(of: network, from: file)
    let answers = try Self.readAnswers(description, of: network, from: file)
    try file.checkRest()
    try Self.setMultipliers(description.multipliers, of: network)
    nextMean = fields.nextMean
    details = ModelDetails(
      variant: description.variant, resizing: fields.resizing, learnWhitening: fields.learnWhitening,
      namesClasses: description.classes != nil, knownAnswers: answers,
      calibration: description.quantization?.calibration,
      others: description.others.map { (name: $0.name, json: $0.value.text()) })
  }

  private static func read(
    _ parameter: Parameter, isRounded: Bool, from file: SafetensorsReader, _ context: ComputeContext
  ) throws {
    let scales = try isRounded ? scales(of: parameter, from: file) : nil
    try parameter.withMutableValues { values in
      guard let start = values.baseAddress else { return }
      let target = try StridedFloats(
        name: parameter.name, shape: parameter.shape, strides: parameter.strides, start: start, context: context)
      try withExtendedLifetime(scales) { try file.read(into: target, scales: scales?.pointer) }
    }
  }

  private static func scales(of parameter: Parameter, from file: SafetensorsReader) throws -> AlignedBuffer<Float> {
    let scales = try floats(file.requiredTensor(parameter.name + Self.scales), from: file)
    guard scales.buffer.allSatisfy({ $0.isNormal && $0 > 0 }) else {
      throw JSON.Malformed("scales of \(parameter.name) are not all normal numbers above 0")
    }
    return scales
  }

  private static func readMean(_ entry: TensorEntry, from file: SafetensorsReader) throws -> Preprocessing.Mean {
    let memory = try floats(entry, from: file)
    let values = withExtendedLifetime(memory) { Array(memory.buffer) }
    guard entry.shape.count == 3 else { return .channels(values) }
    return .image(height: entry.shape[0], width: entry.shape[1], values: values)
  }

  private static func readWhitening(of network: Network, from file: SafetensorsReader) throws {
    guard let entry = file.tensor(whiteningName) else { return }
    let size = network.spec.input.count
    try entry.require(shape: [size, size])
    guard size <= PreprocessingFields.mostWhitened else {
      throw JSON.Malformed("whitening of \(size) values, expected at most \(PreprocessingFields.mostWhitened)")
    }
    let matrix = try floats(entry, from: file)
    try withExtendedLifetime(matrix) { try network.setWhitening(matrix.pointer, size: size) }
  }

  private static func readAnswers(
    _ description: ModelDescription, of network: Network, from file: SafetensorsReader
  ) throws -> KnownAnswers? {
    guard let (inputs, bound) = description.knownAnswers else { return nil }
    let entry = try file.requiredTensor(answersName)
    guard !inputs.isEmpty else { throw JSON.Malformed("\(answersName) are for no inputs") }
    try entry.require(shape: [inputs.count, network.classCount], types: [.float32])
    return KnownAnswers(inputs: inputs, bound: bound, outputs: try floats(entry, from: file), of: network)
  }

  private static func floats(_ entry: TensorEntry, from file: SafetensorsReader) throws -> AlignedBuffer<Float> {
    let count = try Extent.product(entry.shape, operation: entry.name)
    let memory = try AlignedBuffer<Float>(count: count, operation: entry.name)
    try file.read(into: StridedFloats(name: entry.name, shape: entry.shape, start: memory.pointer))
    return memory
  }

  private static func setMultipliers(
    _ factors: [(name: String, rate: Float, decay: Float)], of network: Network
  ) throws {
    let parameters = network.parameters
    for (name, rate, decay) in factors {
      guard let parameter = parameters.first(where: { $0.name == name }) else {
        throw JSON.Malformed("factors of '\(name)', which the network does not have")
      }
      try network.setMultipliers(of: parameter, rate: rate, decay: decay)
    }
  }

  /// Turns what malformed content causes into one error, which begins with `what`.
  static func naming<Result>(_ what: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as JSON.Malformed {
      throw ModelFileError.damaged("\(what): \(error.text)")
    } catch EngineError.invalidValue(let text), EngineError.unsupported(let text) {
      throw ModelFileError.damaged("\(what): \(text)")
    }
  }
}
