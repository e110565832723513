import CSwiftAlexNet
import Kernels
import Networks
import Tensors

/// Sizes and enumerations from C, checked.
enum Argument {
  /// The largest value of any size of a tensor.
  static let maximumSize = Int64(Int32.max)

  static func size(_ value: Int64, _ name: String) throws -> Int {
    guard (1...maximumSize).contains(value) else {
      throw EngineError.invalidValue("\(name): got \(value), expected 1 to \(maximumSize)")
    }
    return Int(value)
  }

  /// A number of elements; tensors may be larger than any single size.
  static func elements(_ count: Int64, _ operation: String) throws -> Int {
    guard count >= 1, count <= Int64(Extent.maximumCount) else {
      throw EngineError.invalidValue("\(operation): got \(count) elements, expected 1 to \(Extent.maximumCount)")
    }
    return Int(count)
  }

  static func index(_ value: Int64, below count: Int, _ name: String) throws -> Int {
    guard value >= 0, value < Int64(count) else {
      throw EngineError.invalidValue("\(name): got index \(value), expected 0 to \(count - 1)")
    }
    return Int(value)
  }

  static func names(
    _ names: UnsafePointer<UnsafePointer<CChar>>, _ count: Int64, _ what: String
  ) throws -> [String] {
    (0..<(try size(count, what))).map { String(cString: names[$0]) }
  }

  static func layout(_ value: Int32) throws -> TensorLayout {
    switch Int(value) {
    case Int(SAX_NCHW): return .nchw
    case Int(SAX_NHWC): return .nhwc
    default: throw EngineError.invalidValue("layout: got \(value), expected 0 (NCHW) or 1 (NHWC)")
    }
  }

  static func precision(_ value: Int32, operation: String) throws -> Precision {
    switch Int(value) {
    case Int(SAX_FLOAT32): return .float32
    case Int(SAX_BFLOAT16): return .bfloat16
    case Int(SAX_INT8): return .int8
    default:
      throw EngineError.invalidValue(
        "\(operation): precision: got \(value), expected 0 (float32), 1 (bfloat16) or 2 (int8)")
    }
  }

  static func flag(_ value: Int32, _ name: String) throws -> Bool {
    guard value == 0 || value == 1 else {
      throw EngineError.invalidValue("\(name): got \(value), expected 0 or 1")
    }
    return value == 1
  }

  static func rule(_ value: Int32) throws -> SGDUpdate.Rule {
    switch Int(value) {
    case Int(SAX_RULE_PAPER): return .paper
    case Int(SAX_RULE_PYTORCH): return .pytorch
    case Int(SAX_RULE_CAFFE): return .caffe
    case Int(SAX_RULE_LARS): return .lars
    default:
      throw EngineError.invalidValue("rule: got \(value), expected 0 (paper), 1 (pytorch), 2 (caffe) or 3 (lars)")
    }
  }

  static func reluRule(_ value: Int32) throws -> ReLURule {
    switch Int(value) {
    case Int(SAX_RELU_STANDARD): return .standard
    case Int(SAX_RELU_GUIDED): return .guided
    case Int(SAX_RELU_DECONVNET): return .deconvnet
    default: throw EngineError.invalidValue("relu: got \(value), expected 0 (standard), 1 (guided) or 2 (deconvnet)")
    }
  }

  static func dropoutForm(_ value: Int32) throws -> Dropout.Form {
    switch Int(value) {
    case Int(SAX_DROPOUT_PAPER): return .paper2012
    case Int(SAX_DROPOUT_INVERTED): return .inverted
    default: throw EngineError.invalidValue("dropout: got form \(value), expected 0 (paper) or 1 (inverted)")
    }
  }
}

/// Channels, height and width.
func write(_ shape: FeatureShape, to extents: UnsafeMutablePointer<Int64>) {
  for (axis, extent) in [shape.channels, shape.height, shape.width].enumerated() { extents[axis] = Int64(extent) }
}

extension Arithmetic {
  init(_ arithmetic: sax_arithmetic, operation: String) throws {
    self.init(
      precision: try Argument.precision(arithmetic.precision, operation: operation),
      int8DenseWeights: try Argument.flag(arithmetic.int8_dense_weights, "\(operation): int8 weights"),
      fastMath: try Argument.flag(arithmetic.fast_math, "\(operation): fast math"))
  }
}

extension Padding {
  init(_ top: Int64, _ left: Int64, _ bottom: Int64, _ right: Int64, operation: String) throws {
    for side in [top, left, bottom, right] where !(0...Argument.maximumSize).contains(side) {
      throw EngineError.invalidValue(
        "\(operation): got padding \(side), expected 0 to \(Argument.maximumSize)")
    }
    self.init(top: Int(top), left: Int(left), bottom: Int(bottom), right: Int(right))
  }
}
