import Kernels
import Tensors

/// The words of one line after its kind: an optional name, then `key=value` fields, each used exactly once.
struct SpecFields {
  /// For errors: "specification, line 3".
  let place: String
  private var names: [String] = []
  private var values: [String: String] = [:]

  init(_ words: ArraySlice<Substring>, line: Int) throws {
    place = "specification, line \(line)"
    for word in words {
      guard let equals = word.firstIndex(of: "=") else {
        names.append(String(word))
        continue
      }
      let key = String(word[..<equals])
      guard values.updateValue(String(word[word.index(after: equals)...]), forKey: key) == nil else {
        throw error("'\(key)' is given twice")
      }
    }
  }

  func error(_ problem: String) -> EngineError { .invalidValue("\(place): \(problem)") }

  mutating func name() throws -> String {
    guard names.count == 1 else { throw error("expected one name, got \(names.count)") }
    return names.removeFirst()
  }

  mutating func word(_ key: String) throws -> String {
    guard let value = values.removeValue(forKey: key) else { throw error("'\(key)' is missing") }
    return value
  }

  mutating func integer(_ key: String) throws -> Int {
    let text = try word(key)
    guard let value = Int(text) else { throw error("\(key) is '\(text)', expected an integer") }
    return value
  }

  mutating func float(_ key: String) throws -> Float {
    let text = try word(key)
    guard let value = Float(text), value.isFinite else { throw error("\(key) is '\(text)', expected a number") }
    return value
  }

  mutating func padding(_ key: String) throws -> Padding {
    let text = try word(key)
    let sides = text.split(separator: ",").compactMap { Int($0) }
    guard sides.count == 4 else { throw error("\(key) is '\(text)', expected top,left,bottom,right") }
    return Padding(top: sides[0], left: sides[1], bottom: sides[2], right: sides[3])
  }

  func has(_ key: String) -> Bool { values[key] != nil }

  func finish() throws {
    guard names.isEmpty, values.isEmpty else {
      throw error("unexpected \((names + values.keys.sorted()).joined(separator: ", "))")
    }
  }
}

extension Padding {
  /// As ``SpecFields/padding(_:)`` reads it.
  var text: String { "\(top),\(left),\(bottom),\(right)" }
}
