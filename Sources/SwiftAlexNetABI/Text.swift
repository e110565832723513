import Tensors

/// Writes text for C to the caller's buffer; an error if it is too small.
func write(_ text: String, to target: UnsafeMutablePointer<CChar>, capacity: Int64) throws {
  let bytes = text.utf8
  guard Int64(bytes.count) < capacity else {
    throw EngineError.invalidValue("text: \(bytes.count + 1) bytes do not fit into \(capacity)")
  }
  copy(bytes, to: target)
}

/// Writes text to a fixed field of a C struct, truncated to fit.
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
