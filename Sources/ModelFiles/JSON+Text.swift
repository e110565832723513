extension JSON {
  /// The text that Python's `json.dumps` gives: ASCII, members in their order.
  /// - Parameter isCompact: without spaces after commas and colons.
  func text(isCompact: Bool = false) -> String {
    let (comma, colon) = isCompact ? (",", ":") : (", ", ": ")
    switch self {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .number(let digits): return digits
    case .string(let text): return Self.quoted(text)
    case .array(let items):
      return "[" + items.map { $0.text(isCompact: isCompact) }.joined(separator: comma) + "]"
    case .object(let members):
      let pairs = members.map { Self.quoted($0.name) + colon + $0.value.text(isCompact: isCompact) }
      return "{" + pairs.joined(separator: comma) + "}"
    }
  }

  static func integer(_ value: Int) -> JSON { .number("\(value)") }
  static func integers(_ values: [Int]) -> JSON { .array(values.map(integer)) }

  /// A finite number, as the shortest digits that read back as the same number.
  static func number(_ value: Double) -> JSON { .number("\(value)") }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\u{8}": quoted += "\\b"
      case "\u{c}": quoted += "\\f"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case " "..."~": quoted.unicodeScalars.append(scalar)
      default:
        for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
          let digits = String(unit, radix: 16)
          quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      }
    }
    return quoted + "\""
  }
}
