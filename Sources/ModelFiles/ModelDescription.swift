import Networks
import SwiftAlexNet
import Tensors

/// The section `model` of a file: everything of a model but its tensors.
struct ModelDescription {
  static let sectionName = "model"

  let specification: String
  let variant: String?
  /// nil: the model has no names.
  let classes: [String]?
  let preprocessing: PreprocessingFields
  /// Factors on learning rate and weight decay of the parameters that have others than 1.
  let multipliers: [(name: String, rate: Float, decay: Float)]
  /// The images of the tensor `known_answers`, and the difference that passes.
  let knownAnswers: (inputs: [String], bound: Double)?
  /// nil: activations are floats.
  let quantization: QuantizationFields?
  /// Members that this version does not know.
  let others: [JSON.Member]

  private static let ownMembers = [
    "version", "specification", "variant", "classes", "preprocessing", "multipliers", ModelParts.answersName,
    QuantizationFields.memberName,
  ]
}

extension ModelDescription {
  init(parsing json: JSON) throws {
    let members = try json.members("its description of the model")
    specification = try members.required("specification").string("the specification")
    let (variant, classes) = (try members.required("variant"), try members.required("classes"))
    self.variant = variant.isNull ? nil : try variant.string("the variant")
    self.classes =
      classes.isNull ? nil : try classes.items("the list of classes").map { try $0.string("the name of a class") }
    preprocessing = try PreprocessingFields(parsing: members.required("preprocessing"))
    multipliers = try (members["multipliers"]?.members("the factors") ?? []).map { member in
      let what = "the factors of \(member.name)"
      let factors = try member.value.items(what).map { Float(try $0.finite(what)) }
      guard let rate = factors.first, let decay = factors.last, factors.count == 2 else {
        throw JSON.Malformed("\(what) are not two numbers")
      }
      return (member.name, rate, decay)
    }
    knownAnswers = try members[ModelParts.answersName].map { json in
      let answers = try json.members("the description of the known answers")
      let inputs = try answers.required("inputs").items("the inputs of the known answers")
      let bound = try answers.required("bound").finite("the bound of the known answers")
      return (try inputs.map { try $0.string("an input of the known answers") }, bound)
    }
    quantization = try members[QuantizationFields.memberName].map { try QuantizationFields(parsing: $0) }
    others = members.filter { !Self.ownMembers.contains($0.name) }
  }

  var json: JSON {
    var members = [
      JSON.Member(name: "version", value: .string(version)),
      JSON.Member(name: "specification", value: .string(specification)),
      JSON.Member(name: "variant", value: variant.map { .string($0) } ?? .null),
      JSON.Member(name: "classes", value: classes.map { .array($0.map { .string($0) }) } ?? .null),
      JSON.Member(name: "preprocessing", value: preprocessing.json),
    ]
    if !multipliers.isEmpty {
      let factors = multipliers.map { factor in
        JSON.Member(name: factor.name, value: .array([factor.rate, factor.decay].map { .number(Double($0)) }))
      }
      members.append(JSON.Member(name: "multipliers", value: .object(factors)))
    }
    members += others
    if let quantization {
      members.append(JSON.Member(name: QuantizationFields.memberName, value: quantization.json))
    }
    if let (inputs, bound) = knownAnswers {
      let answers = [
        JSON.Member(name: "inputs", value: .array(inputs.map { .string($0) })),
        JSON.Member(name: "bound", value: .number(bound)),
      ]
      members.append(JSON.Member(name: ModelParts.answersName, value: .object(answers)))
    }
    return .object(members)
  }

  /// Names for a network's classes, numbers if the file has none.
  func names(of network: Network) throws -> [String] {
    let count = network.hasClasses ? network.classCount : 0
    guard let classes else { return (0..<count).map { "\($0)" } }
    guard network.hasClasses, classes.count == count else {
      throw JSON.Malformed("it names \(classes.count) classes, the network has \(count)")
    }
    var seen: Set<[UInt8]> = []
    // Names that are no Unicode text may have become equal.
    for name in classes where !name.unicodeScalars.contains("\u{fffd}") && !seen.insert(Array(name.utf8)).inserted {
      throw JSON.Malformed("it names the class '\(name)' twice")
    }
    return classes
  }
}
