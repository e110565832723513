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
  /// The file holds one state of the weights, the one between two training steps: while another thread trains, this
  /// waits for the end of its step, and the next step waits until the file is written.
  /// - Throws: `EngineError.nonFinite` naming a weight that is infinite or NaN; `EngineError.invalidValue` for crops or
  ///   a mean image that are not square, and for a header above 1 MiB; ``ModelFileError/system(code:_:)``;
  ///   `EngineError.outOfMemory`; `EngineError.concurrentUse` while this thread trains the model. On any of these an
  ///   existing file is unchanged.
  public func save(to path: String) throws {
    try Path.require(path, operation: "save")
    let thread = try network.hold("save", writing: false)
    defer { network.letGo(thread, writing: false) }
    try network.requireFiniteParameters(operation: "save")
    let mean = try MeanTensor(of: self)
    let description = try description(mean)
    var tensors = try network.parameters.map { parameter in
      try StridedFloats(
        name: parameter.name, shape: parameter.shape, strides: parameter.strides, start: parameter.value.pointer)
    }
    tensors.append(try StridedFloats(name: ModelParts.meanName, shape: mean.shape, start: mean.values.pointer))
    let (whitening, size) = (network.transposedWhitening, network.spec.input.count)
    if let whitening {
      tensors.append(
        try StridedFloats(
          name: ModelParts.whiteningName, shape: [size, size], strides: [1, size], start: whitening.pointer))
    }
    try withExtendedLifetime((mean, whitening)) {
      try SafetensorsWriter.write(
        path, tensors: tensors,
        sections: [FileHeader.Section(name: ModelDescription.sectionName, value: description.json)])
    }
  }

  /// - Throws: ``EngineError/invalidValue(_:)`` for what files cannot hold.
  func description() throws -> ModelDescription { try description(MeanTensor(of: self)) }

  private func description(_ mean: MeanTensor) throws -> ModelDescription {
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
      classes: details?.namesClasses == false ? nil : classes, preprocessing: fields,
      multipliers: network.parameters.filter { ($0.rateMultiplier, $0.decayMultiplier) != (1, 1) }
        .map { ($0.name, $0.rateMultiplier, $0.decayMultiplier) },
      others: try (details?.others ?? []).map {
        JSON.Member(name: $0.name, value: try JSON(parsing: $0.json.utf8))
      })
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
