import Tensors

/// Writes the package's own safetensors files, byte for byte as the Python package does.
enum SafetensorsWriter {
  /// Replaces `path` with a file of tensors and sections, atomically.
  /// - Throws: ``EngineError/invalidValue(_:)`` if sections and names are too long for a reader, ``ModelFileError``,
  ///   ``EngineError/outOfMemory(_:)``; on any of these errors an existing file is unchanged.
  static func write(_ path: String, tensors: [StridedFloats], sections: [FileHeader.Section]) throws {
    // All are of one width, so the order is that of the names' code points.
    let tensors = tensors.sorted { $0.name.unicodeScalars.lexicographicallyPrecedes($1.name.unicodeScalars) }
    var end = 0
    let entries = try tensors.map { tensor in
      let entry = try TensorEntry(name: tensor.name, type: .float32, shape: tensor.shape, begin: end)
      end = entry.end
      return entry
    }
    var header = FileHeader(sections: sections, tensors: entries)
    let start = header.encoded.count
    guard start - FileHeader.lengthBytes <= FileHeader.limit else {
      throw EngineError.invalidValue(
        "\(path) would need a header of \(start - FileHeader.lengthBytes) bytes, expected at most \(FileHeader.limit)")
    }
    try AtomicFile.replacing(path) { file in
      for (tensor, entry) in zip(tensors, entries) {
        header.digests[entry.name] = try write(tensor, entry, to: file, at: start + entry.begin)
      }
      try header.encoded.withUnsafeBytes { try file.write($0, at: 0) }
      try file.require(byteCount: start + end)
    }
  }

  /// Writes a tensor and returns its hash.
  private static func write(
    _ tensor: StridedFloats, _ entry: TensorEntry, to file: AtomicFile, at offset: Int
  ) throws -> String {
    var (hash, offset) = (SHA256(), offset)
    hash.update(entry.hashedPrefix)
    try tensor.forEachPiece { piece in
      piece.gather()
      let bytes = UnsafeRawBufferPointer(piece.bytes)
      hash.update(bytes)
      try file.write(bytes, at: offset)
      offset += bytes.count
    }
    return hash.finish()
  }
}
