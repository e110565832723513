import CSwiftAlexNet
import Kernels
import Networks
import Tensors

/// Runs the body of an exported function: an error becomes a status and this thread's last message.
func status(_ body: () throws -> Void) -> Int32 {
  do {
    try body()
    return Int32(SAX_OK)
  } catch let error as EngineError {
    sax_set_last_error(error.description)
    return error.status
  } catch {
    sax_set_last_error("internal error: \(error)")
    return Int32(SAX_INTERNAL)
  }
}

extension EngineError {
  fileprivate var status: Int32 {
    switch self {
    case .invalidValue: return Int32(SAX_INVALID_VALUE)
    case .outOfMemory: return Int32(SAX_OUT_OF_MEMORY)
    case .unsupported: return Int32(SAX_UNSUPPORTED)
    case .nonFinite: return Int32(SAX_NON_FINITE)
    case .concurrentUse: return Int32(SAX_CONCURRENT_USE)
    case .interrupted: return Int32(SAX_INTERRUPTED)
    }
  }
}

/// Sizes and enumerations from C, checked.
enum Argument {
  /// No single size of a tensor is larger.
  static let maximumSize = Int64(Int32.max)

  static func size(_ value: Int64, _ name: String) throws -> Int {
    guard (1...maximumSize).contains(value) else {
      throw EngineError.invalidValue("\(name): got \(value), expected 1 to \(maximumSize)")
    }
    return Int(value)
  }

  static func index(_ value: Int64, below count: Int, _ name: String) throws -> Int {
    guard value >= 0, value < Int64(count) else {
      throw EngineError.invalidValue("\(name): got index \(value), expected 0 to \(count - 1)")
    }
    return Int(value)
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
    default:
      throw EngineError.invalidValue("\(operation): precision: got \(value), expected 0 (float32) or 1 (bfloat16)")
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
    default: throw EngineError.invalidValue("rule: got \(value), expected 0 (paper), 1 (pytorch) or 2 (caffe)")
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

/// Text that goes to C: into the caller's buffer, or an error when it is too small.
func write(_ text: String, to target: UnsafeMutablePointer<CChar>, capacity: Int64) throws {
  let bytes = text.utf8
  guard Int64(bytes.count) < capacity else {
    throw EngineError.invalidValue("text: \(bytes.count + 1) bytes do not fit into \(capacity)")
  }
  copy(bytes, to: target)
}

/// Text into a fixed field of a C structure, cut at its end.
func fill<Field>(_ field: inout Field, with text: String) {
  withUnsafeMutableBytes(of: &field) { bytes in
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
    copy(String(text).utf8.prefix(bytes.count - 1), to: start)
  }
}

private func copy(_ bytes: some Collection<UInt8>, to target: UnsafeMutablePointer<CChar>) {
  var end = target
  for byte in bytes {
    end.pointee = CChar(bitPattern: byte)
    end += 1
  }
  end.pointee = 0
}
