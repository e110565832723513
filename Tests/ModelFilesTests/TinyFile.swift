import Networks
import SwiftAlexNet

@testable import ModelFiles

/// A model file of about a kilobyte, taken apart so that tests can change it.
struct TinyFile {
  var entries: [JSON.Member]
  var data: [UInt8]

  static func model() throws -> Model {
    let spec = try NetworkSpec(
      text: "network tiny\ndata channels=1 height=2 width=2\ndense fc outputs=2\nsoftmax prob\n")
    return try Model(
      spec: spec, classes: ["no", "yes"], seed: 1,
      preprocessing: try Preprocessing(cropHeight: 2, cropWidth: 2, mean: .channels([127.5])))
  }

  init(_ bytes: [UInt8]) throws {
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    entries = try JSON(parsing: bytes[8..<8 + length]).members("header")
    data = Array(bytes[(8 + length)...])
  }

  /// The bytes, with a right length and, unless `keepingChecksum`, a right checksum if there is metadata.
  func bytes(keepingChecksum: Bool = false) throws -> [UInt8] {
    var entries = entries
    if !keepingChecksum {
      entries = entries.map { entry in
        guard entry.name == "__metadata__", case .object(let members) = entry.value else { return entry }
        let texts = members.filter { $0.name != "checksum" }
        let pairs = texts.sorted { $0.name < $1.name }.map { JSON.array([.string($0.name), $0.value]) }
        let checksum = JSON.Member(name: "checksum", value: .string(SHA256.hex(of: JSON.array(pairs).text())))
        return JSON.Member(name: entry.name, value: .object(texts + [checksum]))
      }
    }
    return Self.bytes(header: JSON.object(entries).text(isCompact: true), data: data)
  }

  static func bytes(header: String, data: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8) + data
  }

  /// A copy in which the value at a path of names and indices, such as `fc.weight`, `shape`, `0`, is another.
  func replacing(_ path: [String], with value: JSON) -> TinyFile {
    var copy = self
    if case .object(let members) = JSON.object(entries).replacing(path[...], with: value) { copy.entries = members }
    return copy
  }

  /// The text in the file's metadata.
  func text(_ name: String) throws -> String {
    try entries.required("__metadata__").members("").required(name).string("")
  }

  func replacingText(_ name: String, with text: String) -> TinyFile {
    replacing(["__metadata__", name], with: .string(text))
  }
}

extension JSON {
  /// Of every value inside, as names and indices.
  var paths: [[String]] {
    let inner: [(String, JSON)]
    switch self {
    case .object(let members): inner = members.map { ($0.name, $0.value) }
    case .array(let items): inner = items.enumerated().map { ("\($0)", $1) }
    default: inner = []
    }
    return inner.flatMap { step, value in [[step]] + value.paths.map { [step] + $0 } }
  }

  /// The values one above and one below a number, and its negative.
  func neighbours(of path: [String]) -> [JSON] {
    guard case .number(let text)? = value(at: path[...]), let number = Int(text) else { return [] }
    return [number - 1, number + 1, -number].map { .integer($0) }
  }

  private func value(at path: ArraySlice<String>) -> JSON? {
    guard let step = path.first else { return self }
    switch self {
    case .object(let members): return members[step]?.value(at: path.dropFirst())
    case .array(let items): return Int(step).flatMap { items[$0].value(at: path.dropFirst()) }
    default: return nil
    }
  }

  func replacing(_ path: ArraySlice<String>, with value: JSON) -> JSON {
    guard let step = path.first else { return value }
    switch self {
    case .object(let members):
      return .object(
        members.map {
          $0.name == step ? Member(name: step, value: $0.value.replacing(path.dropFirst(), with: value)) : $0
        })
    case .array(let items):
      return .array(
        items.enumerated().map { "\($0)" == step ? $1.replacing(path.dropFirst(), with: value) : $1 })
    default: return self
    }
  }
}
