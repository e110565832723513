import Imaging
import Networks
import SwiftAlexNet
import Tensors

extension Model {
  /// Writes the model to a file that Swift and Python read, atomically: after a crash or on a full disk the old file is
  /// still there. Of a model that was read from a file, everything that its description says is written again.
  ///
  ///     try model.save(to: "flowers.safetensors")
  ///
  /// Known answers of the file that the model was read from are written again, unless its weights have changed since.
  ///
  /// The file holds one state of the weights, the one between two training steps: while another thread trains, this
  /// waits for the end of its step, and the next step waits until the file is written.
  /// - Parameter float16: round weights to 16 bits, in half the bytes; they are computed with as float32.
  /// - Throws: `EngineError.nonFinite` naming a weight that is infinite or NaN; `EngineError.invalidValue` for crops or
  ///   a mean image that are not square, for a header above 1 MiB, and naming a weight that is too large for `float16`,
  ///   or that has changed since the model was quantised; for `float16` of a quantised model, whose weights have 8 bits;
  ///   ``ModelFileError/system(code:_:)``;
  ///   `EngineError.outOfMemory`; `EngineError.concurrentUse` while this thread trains the model. On any of these an
  ///   existing file is unchanged.
  public func save(to path: String, float16: Bool = false) throws {
    try Path.require(path, operation: "save")
    let thread = try network.hold("save", writing: false)
    defer { network.letGo(thread, writing: false) }
    try network.requireFiniteParameters(operation: "save")
    let mean = try MeanTensor(of: self)
    let answers = knownAnswers
    let description = try description(mean, answers, float16: float16)
    guard !float16 || network.quantization == nil else {
      throw EngineError.invalidValue("save: got float16 for a quantised model, whose weights have 8 bits")
    }
    let halves = float16 ? network.parameters : []
    for parameter in halves { try parameter.requireHalves(operation: "save") }
    let context = try network.makeContext()
    var tensors = try network.parameters.map { parameter in
      try StridedFloats(
        name: parameter.name, shape: parameter.shape, strides: parameter.strides, start: parameter.value.pointer,
        context: context)
    }
    let scales = try network.quantization == nil ? [:] : network.scalesOfInt8()
    for (name, scales) in scales {
      tensors.append(
        try StridedFloats(name: name + ModelParts.scales, shape: [scales.count], start: scales.pointer))
    }
    tensors.append(try StridedFloats(name: ModelParts.meanName, shape: mean.shape, start: mean.values.pointer))
    if let answers {
      tensors.append(
        try StridedFloats(
          name: ModelParts.answersName, shape: [answers.inputs.count, answers.outputs.count / answers.inputs.count],
          start: answers.outputs.pointer))
    }
    let (whitening, size) = (network.transposedWhitening, network.spec.input.count)
    if let whitening {
      tensors.append(
        try StridedFloats(
          name: ModelParts.whiteningName, shape: [size, size], strides: [1, size], start: whitening.pointer))
    }
    try withExtendedLifetime((mean, answers, whitening, scales)) {
      try SafetensorsWriter.write(
        path, tensors: tensors,
        sections: [FileHeader.Section(name: ModelDescription.sectionName, value: description.json)],
        halves: Set(halves.map(\.name)), scales: scales)
    }
  }

  /// - Throws: ``EngineError/invalidValue(_:)`` for what files cannot hold.
  func description() throws -> ModelDescription {
    try description(MeanTensor(of: self), knownAnswers, float16: false)
  }

  private func description(_ mean: MeanTensor, _ answers: KnownAnswers?, float16: Bool) throws -> ModelDescription {
    let (spec, preprocessing) = (network.spec, mean.preprocessing)
    let fields = PreprocessingFields(
      resizing: resizing, crop: preprocessing.cropHeight, nextMean: nextMean, learnWhitening: details?.learnWhitening,
      scale: preprocessing.scale, meanPosition: preprocessing.meanPosition)
    if let problem = fields.problem(meanShape: mean.shape, input: spec.input) {
      throw EngineError.invalidValue("save: \(problem)")
    }
    let isNamed = Catalog.all.contains { $0.catalogName == spec.name }
    return ModelDescription(
      specification: spec.text, variant: details.map(\.variant) ?? (isNamed ? spec.name : nil),
      classes: details?.namesClasses == false || !network.hasClasses ? nil : classes, preprocessing: fields,
      multipliers: network.parameters.filter { ($0.rateMultiplier, $0.decayMultiplier) != (1, 1) }
        .map { ($0.name, $0.rateMultiplier, $0.decayMultiplier) },
      knownAnswers: answers.map { answers in
        (answers.inputs, float16 ? max(answers.bound, Self.boundOfFloat16) : answers.bound)
      },
      quantization: network.quantization.map {
        QuantizationFields(of: network, $0, details?.calibration ?? Calibration(method: "given", images: 0))
      },
      others: try (details?.others ?? []).map {
        JSON.Member(name: $0.name, value: try JSON(parsing: $0.json.utf8))
      })
  }
}

extension Parameter {
  /// - Throws: ``EngineError/invalidValue(_:)`` if a value does not fit into 16 bits.
  fileprivate func requireHalves(operation: String) throws {
    let largest = value.buffer.reduce(0) { max($0, abs($1)) }
    guard largest <= Half.largest else {
      throw EngineError.invalidValue(
        "\(operation): \(name) has values up to \(largest), float16 goes to \(Half.largest)")
    }
  }
}

/// The mean of a model's preprocessing, or of its authors' if it has none yet, as files hold it.
private struct MeanTensor {
  let preprocessing: Preprocessing
  let shape: [Int]
  let values: AlignedBuffer<Float>

  init(of model: Model) throws {
    preprocessing = try model.preprocessing ?? model.authorsPreprocessing
    let numbers: [Float]
    switch preprocessing.mean {
    case .none: numbers = [Float](repeating: 0, count: model.network.spec.input.channels)
    case .channels(let values), .image(_, _, let values): numbers = values
    }
    if case .image(let height, let width, let values) = preprocessing.mean {
      shape = [height, width, values.count / (height * width)]
    } else {
      shape = [numbers.count]
    }
    values = try AlignedBuffer(count: numbers.count, operation: "save")
    for (index, number) in numbers.enumerated() { values.pointer[index] = number }
  }
}
