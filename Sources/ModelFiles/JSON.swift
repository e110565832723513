/// A JSON value. Members keep their order and numbers their digits, so that a file read and written again is the same.
indirect enum JSON {
  struct Member {
    let name: String
    let value: JSON
  }

  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSON])
  case object([Member])

  /// What a reader of a malformed file throws; ``ModelFileError/damaged(_:)`` then names the file.
  struct Malformed: Error {
    let text: String

    init(_ text: String) { self.text = text }
  }
}

// MARK: Values of a kind; `what` names the value in errors

extension JSON {
  var isNull: Bool { if case .null = self { true } else { false } }

  func members(_ what: String) throws -> [Member] {
    guard case .object(let members) = self else { throw Malformed("\(what) is not an object") }
    return members
  }

  func items(_ what: String) throws -> [JSON] {
    guard case .array(let items) = self else { throw Malformed("\(what) is not a list") }
    return items
  }

  func string(_ what: String) throws -> String {
    guard case .string(let text) = self else { throw Malformed("\(what) is not a text") }
    return text
  }

  func bool(_ what: String) throws -> Bool {
    guard case .bool(let value) = self else { throw Malformed("\(what) is neither true nor false") }
    return value
  }

  /// An integer from 0; 1.0 and 1e3 are none.
  func count(_ what: String) throws -> Int {
    guard case .number(let text) = self, let value = Int(text), value >= 0 else {
      throw Malformed("\(what) is not a whole number from 0 to \(Int.max)")
    }
    return value
  }

  func finite(_ what: String) throws -> Double {
    guard case .number(let text) = self, let value = Double(text), value.isFinite else {
      throw Malformed("\(what) is not a finite number")
    }
    return value
  }
}

extension [JSON.Member] {
  /// The value of that name; nil if there is none.
  subscript(name: String) -> JSON? { first { $0.name == name }?.value }

  func required(_ name: String) throws -> JSON {
    guard let value = self[name] else { throw JSON.Malformed("'\(name)' is missing") }
    return value
  }
}
