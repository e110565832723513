/// A tensor's entry in the header of a file; offsets count from the first tensor's first byte.
struct TensorEntry {
  let name: String
  let type: ElementType
  let shape: [Int]
  let begin: Int
  let byteCount: Int

  var end: Int { begin + byteCount }

  /// The file format's name of each type.
  enum ElementType: String {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint64 = "U64"
    case uint32 = "U32"
    case uint16 = "U16"
    case uint8 = "U8"
    case bool = "BOOL"

    var byteCount: Int {
      switch self {
      case .float64, .int64, .uint64: 8
      case .float32, .int32, .uint32: 4
      case .float16, .int16, .uint16: 2
      case .int8, .uint8, .bool: 1
      }
    }

    /// numpy's word for it, which a tensor's hash begins with.
    var numpyName: String {
      switch self {
      case .float64, .float32, .float16: "<f\(byteCount)"
      case .int64, .int32, .int16: "<i\(byteCount)"
      case .uint64, .uint32, .uint16: "<u\(byteCount)"
      case .int8: "|i1"
      case .uint8: "|u1"
      case .bool: "|b1"
      }
    }
  }

  private static let mostDimensions = 32

  /// - Throws: ``JSON/Malformed`` if the size does not fit into an integer.
  init(name: String, type: ElementType, shape: [Int], begin: Int) throws {
    var size = type.byteCount
    for extent in shape {
      let (product, overflows) = size.multipliedReportingOverflow(by: extent)
      guard !overflows else { throw JSON.Malformed("\(name) of shape \(shape) is too large") }
      size = product
    }
    guard !begin.addingReportingOverflow(size).overflow else {
      throw JSON.Malformed("\(name) of \(size) bytes cannot begin at \(begin)")
    }
    (self.name, self.type, self.shape, self.begin, byteCount) = (name, type, shape, begin, size)
  }

  init(name: String, parsing entry: JSON) throws {
    let fields = try entry.members(name)
    let word = try fields.required("dtype").string("the dtype of \(name)")
    guard let type = ElementType(rawValue: word) else { throw JSON.Malformed("\(name) has the unknown dtype \(word)") }
    let shape = try fields.required("shape").items("the shape of \(name)").map { try $0.count("the shape of \(name)") }
    guard shape.count <= Self.mostDimensions else {
      throw JSON.Malformed("\(name) has \(shape.count) dimensions, expected at most \(Self.mostDimensions)")
    }
    let what = "the offsets of \(name)"
    let offsets = try fields.required("data_offsets").items(what).map { try $0.count(what) }
    guard let begin = offsets.first, let end = offsets.last, offsets.count == 2 else {
      throw JSON.Malformed("\(what) are not two numbers")
    }
    try self.init(name: name, type: type, shape: shape, begin: begin)
    guard end == self.end else {
      throw JSON.Malformed("\(name) needs \(byteCount) bytes, its offsets \(begin) and \(end) allow others")
    }
  }

  var json: JSON {
    .object([
      JSON.Member(name: "dtype", value: .string(type.rawValue)), JSON.Member(name: "shape", value: .integers(shape)),
      JSON.Member(name: "data_offsets", value: .integers([begin, end])),
    ])
  }

  /// What is hashed before the bytes: `<f4 (96, 3, 11, 11)`.
  var hashedPrefix: String {
    let extents = shape.map(String.init).joined(separator: ", ")
    return "\(type.numpyName) (\(extents)\(shape.count == 1 ? "," : ""))"
  }

  /// Float32, and numbers of 16 bits that stand for them.
  static let floats: [ElementType] = [.float32, .float16]

  /// Fails unless it holds numbers of these types, of that shape.
  func require(shape expected: [Int], types: [ElementType] = floats) throws {
    guard types.contains(type) else {
      let words = types.map(\.rawValue).joined(separator: " or ")
      throw JSON.Malformed("\(name) has dtype \(type.rawValue), expected \(words)")
    }
    guard shape == expected else { throw JSON.Malformed("\(name) has shape \(shape), expected \(expected)") }
  }
}
