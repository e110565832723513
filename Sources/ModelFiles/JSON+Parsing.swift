extension JSON {
  /// Deeper nesting is refused; our own files have less than ten levels.
  private static let mostLevels = 64

  /// - Throws: ``Malformed`` for anything but one JSON value, for repeated names, of which programs use either the first
  ///   or the last, and for more than 64 levels.
  init(parsing bytes: some Collection<UInt8>) throws {
    var parser = Parser(rest: Array(bytes)[...])
    self = try parser.value(levels: Self.mostLevels)
    parser.skipSpace()
    guard parser.rest.isEmpty else { throw Malformed("text follows its JSON") }
  }

  private struct Parser {
    var rest: ArraySlice<UInt8>

    mutating func skipSpace() { rest = rest.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) } }

    /// Consumes the byte if it is the next one after space.
    mutating func takes(_ character: Unicode.Scalar) -> Bool {
      skipSpace()
      guard let byte = rest.first, Unicode.Scalar(byte) == character else { return false }
      rest = rest.dropFirst()
      return true
    }

    mutating func value(levels: Int) throws -> JSON {
      guard levels > 0 else { throw Malformed("its JSON has more than \(mostLevels) levels") }
      if takes("{") { return .object(try members(levels: levels - 1)) }
      if takes("[") { return .array(try items(levels: levels - 1)) }
      if takes("\"") { return .string(try string()) }
      for (word, value) in [("null", JSON.null), ("true", .bool(true)), ("false", .bool(false))]
      where rest.starts(with: word.utf8) {
        rest = rest.dropFirst(word.utf8.count)
        return value
      }
      return .number(try number())
    }

    private mutating func items(levels: Int) throws -> [JSON] {
      var items: [JSON] = []
      if takes("]") { return items }
      repeat { items.append(try value(levels: levels)) } while takes(",")
      guard takes("]") else { throw Malformed("a list in its JSON has no end") }
      return items
    }

    private mutating func members(levels: Int) throws -> [Member] {
      var (members, names): ([Member], Set<String>) = ([], [])
      if takes("}") { return members }
      repeat {
        guard takes("\"") else { throw Malformed("an object in its JSON has a member without a name") }
        let name = try string()
        guard names.insert(name).inserted else { throw Malformed("its JSON repeats the name '\(name)'") }
        guard takes(":") else { throw Malformed("an object in its JSON has a name without a value") }
        members.append(Member(name: name, value: try value(levels: levels)))
      } while takes(",")
      guard takes("}") else { throw Malformed("an object in its JSON has no end") }
      return members
    }

    private mutating func number() throws -> String {
      var text = sign("-")
      let whole = try digits()
      guard whole.count == 1 || whole.first != "0" else { throw Malformed("a number in its JSON begins with 0") }
      text += whole
      if case let point = sign("."), !point.isEmpty { text += point + (try digits()) }
      if case let exponent = sign("eE"), !exponent.isEmpty { text += exponent + sign("+-") + (try digits()) }
      return text
    }

    private mutating func digits() throws -> String {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard !digits.isEmpty else { throw Malformed("its JSON holds something that is no value") }
      rest = rest.dropFirst(digits.count)
      return String(decoding: digits, as: UTF8.self)
    }

    /// The next character if it is one of these, otherwise nothing.
    private mutating func sign(_ accepted: String) -> String {
      guard let byte = rest.first, accepted.utf8.contains(byte) else { return "" }
      rest = rest.dropFirst()
      return String(Character(Unicode.Scalar(byte)))
    }

    /// The rest of a text whose opening quotation mark is consumed.
    private mutating func string() throws -> String {
      var bytes: [UInt8] = []
      while let byte = rest.popFirst() {
        switch byte {
        case 0x22:
          guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Malformed("a text in its JSON is not UTF-8")
          }
          return text
        case 0x5c: bytes += String(try escaped()).utf8
        case 0..<0x20: throw Malformed("a text in its JSON holds a control character")
        default: bytes.append(byte)
        }
      }
      throw Malformed("a text in its JSON has no end")
    }

    /// The character after a backslash. Half of a surrogate pair becomes U+FFFD: Python writes such halves for file
    /// names that are not UTF-8.
    private mutating func escaped() throws -> Unicode.Scalar {
      guard let byte = rest.popFirst() else { throw Malformed("a text in its JSON has no end") }
      switch Unicode.Scalar(byte) {
      case "\"", "\\", "/": return Unicode.Scalar(byte)
      case "b": return "\u{8}"
      case "f": return "\u{c}"
      case "n": return "\n"
      case "r": return "\r"
      case "t": return "\t"
      case "u":
        let unit = try hexadecimal()
        if (0xd800..<0xdc00).contains(unit), rest.starts(with: "\\u".utf8) {
          var ahead = self
          ahead.rest = rest.dropFirst(2)
          let low = try ahead.hexadecimal()
          if (0xdc00..<0xe000).contains(low) {
            self = ahead
            return Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)) ?? "\u{fffd}"
          }
        }
        return Unicode.Scalar(unit) ?? "\u{fffd}"
      default: throw Malformed("a text in its JSON holds an unknown escape")
      }
    }

    private mutating func hexadecimal() throws -> UInt32 {
      let digits = rest.prefix(4)
      guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
        let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
      else { throw Malformed("a text in its JSON holds an incomplete escape") }
      rest = rest.dropFirst(4)
      return unit
    }
  }
}
