import Glibc

/// A file that is open for reading: never a pipe, at which a read would wait, and never a device.
///
/// It is read into memory of ours. A file that is cut short under a memory map would end the process.
final class RegularFile {
  let path: String
  let byteCount: Int
  private let descriptor: Int32

  /// - Throws: ``ModelFileError/system(code:_:)``.
  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw ModelFileError.lastCall(path) }
    var status = stat()
    let failed = fstat(descriptor, &status) != 0 ? errno : 0
    byteCount = Int(status.st_size)
    guard failed == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw failed != 0
        ? ModelFileError.lastCall(path, code: failed)
        : .system(code: EINVAL, "\(path): Not a regular file")
    }
  }

  deinit { close(descriptor) }

  /// Fills `bytes` from an offset.
  /// - Throws: ``ModelFileError/damaged(_:)`` if the file has become shorter, ``ModelFileError/system(code:_:)``.
  func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count, let start = bytes.baseAddress {
      let count = pread(descriptor, start + done, bytes.count - done, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw ModelFileError.lastCall(path) }
      guard count > 0 else { throw ModelFileError.damaged("\(path) has been cut short since it was opened") }
      done += count
    }
  }

  /// - Parameter count: at most ``FileHeader/limit``.
  func bytes(at offset: Int, count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try read(into: $0, at: offset) }
    return bytes
  }
}
