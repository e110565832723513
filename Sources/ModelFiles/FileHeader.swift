/// The header of the package's own safetensors files: types, shapes and offsets of tensors, text, checksums.
///
/// Eight bytes give its length; JSON follows. `__metadata__` contains the format's version, JSON sections, the SHA-256
/// of every tensor, and a checksum over all of that.
struct FileHeader {
  /// Bytes before the header, with its length.
  static let lengthBytes = 8
  /// Bytes; ours are a few kilobytes, and the format's own 100 MB invite abuse.
  static let limit = 1 << 20
  /// Of the first tensor, in bytes.
  private static let alignment = 8
  private static let format = "1"
  private static let (formatKey, digestsKey, checksumKey) = ("swiftalexnet.format", "sha256", "checksum")
  private static let metadataKey = "__metadata__"
  /// As long as any.
  private static let noDigest = String(repeating: "0", count: 64)

  typealias Section = JSON.Member

  let sections: [Section]
  /// In the order of their bytes.
  let tensors: [TensorEntry]
  /// The SHA-256 of tensors by name.
  var digests: [String: String]

  /// For writing; the digests follow.
  init(sections: [Section], tensors: [TensorEntry]) {
    (self.sections, self.tensors, digests) = (sections, tensors, [:])
  }

  var tensorBytes: Int { tensors.last?.end ?? 0 }
}

// MARK: Reading

extension FileHeader {
  /// - Throws: ``JSON/Malformed``.
  init(parsing bytes: [UInt8]) throws {
    let entries = try JSON(parsing: bytes).members("its header")
    let metadata = try entries.required(Self.metadataKey).members(Self.metadataKey)
      .map { (name: $0.name, text: try $0.value.string($0.name)) }
    let text = { (name: String) in metadata.first { $0.name == name }?.text }
    guard text(Self.checksumKey) == Self.checksum(metadata.filter { $0.name != Self.checksumKey }) else {
      throw JSON.Malformed("the checksum of its header does not match")
    }
    guard text(Self.formatKey) == Self.format else {
      throw JSON.Malformed("it has format \(text(Self.formatKey) ?? "unknown"), this version reads \(Self.format)")
    }
    let own: Set = [Self.formatKey, Self.digestsKey, Self.checksumKey]
    sections = try metadata.filter { !own.contains($0.name) }
      .map { Section(name: $0.name, value: try JSON(parsing: $0.text.utf8)) }
    tensors = try Self.withoutGaps(
      entries.filter { $0.name != Self.metadataKey }.map { try TensorEntry(name: $0.name, parsing: $0.value) })
    digests = [:]
    let hashes = try JSON(parsing: (text(Self.digestsKey) ?? "").utf8).members(Self.digestsKey)
    for hash in hashes { digests[hash.name] = try hash.value.string("the SHA-256 of \(hash.name)") }
    guard Set(digests.keys) == Set(tensors.map(\.name)) else {
      throw JSON.Malformed("its tensors are not those that were written")
    }
  }

  /// Whether text that is not read any further may be one of our headers.
  static func isOurs(_ bytes: [UInt8]) -> Bool { bytes.firstRange(of: formatKey.utf8) != nil }

  private static func withoutGaps(_ tensors: [TensorEntry]) throws -> [TensorEntry] {
    let sorted = tensors.sorted { ($0.begin, $0.end) < ($1.begin, $1.end) }
    var end = 0
    for tensor in sorted {
      guard tensor.begin == end else {
        throw JSON.Malformed("\(tensor.name) begins at \(tensor.begin), expected \(end)")
      }
      end = tensor.end
    }
    return sorted
  }

  /// The hash of names and texts in the order of their code points.
  private static func checksum(_ metadata: [(name: String, text: String)]) -> String {
    let sorted = metadata.sorted { $0.name.unicodeScalars.lexicographicallyPrecedes($1.name.unicodeScalars) }
    return SHA256.hex(of: JSON.array(sorted.map { .array([.string($0.name), .string($0.text)]) }).text())
  }
}

// MARK: Writing

extension FileHeader {
  /// The header and the 8 bytes before it; its length does not depend on the digests.
  var encoded: [UInt8] {
    let hashes = tensors.map { JSON.Member(name: $0.name, value: .string(digests[$0.name] ?? Self.noDigest)) }
    var metadata = [(name: Self.formatKey, text: Self.format)]
    metadata += sections.map { (name: $0.name, text: $0.value.text()) }
    metadata.append((name: Self.digestsKey, text: JSON.object(hashes).text()))
    metadata.append((name: Self.checksumKey, text: Self.checksum(metadata)))
    let texts = metadata.map { JSON.Member(name: $0.name, value: .string($0.text)) }
    let entries = tensors.map { JSON.Member(name: $0.name, value: $0.json) }
    let header = JSON.object([JSON.Member(name: Self.metadataKey, value: .object(texts))] + entries)
    var bytes = Array(header.text(isCompact: true).utf8)
    while bytes.count % Self.alignment != 0 { bytes.append(UInt8(ascii: " ")) }
    let length = UInt64(bytes.count).littleEndian
    return withUnsafeBytes(of: length) { Array($0) } + bytes
  }
}
