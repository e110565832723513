import Glibc

/// Atomic writing: whatever happens, a file has either its old content or the complete new one.
///
/// The steps are: create a temporary file in the same folder, write, fsync, rename, fsync the folder.
struct AtomicFile {
  let descriptor: Int32
  let path: String

  /// Lets `body` write the file that then replaces `path`. An existing file keeps its permissions; a new one gets those
  /// of the umask. A symbolic link is followed.
  /// - Throws: ``ModelFileError/system(code:_:)``, and what `body` throws: the old file is unchanged and no temporary
  ///   file remains. Only if the last step, the sync of the folder, fails, the new file is already in place, but a power
  ///   failure may restore the old one.
  static func replacing(_ path: String, _ body: (AtomicFile) throws -> Void) throws {
    let (folder, name) = try Path.target(of: path)
    let target = Path.join(folder, name)
    let mode = try permissions(of: target)
    TemporaryFile.removeStale(in: folder, for: name)
    let (temporary, descriptor) = try TemporaryFile.create(in: folder, for: name)
    defer { close(descriptor) }  // also releases the lock
    do {
      if let mode { try require(fchmod(descriptor, mode), path) }
      try body(AtomicFile(descriptor: descriptor, path: path))
      try require(fsync(descriptor), path)
      try require(rename(temporary, target), path)
    } catch {
      unlink(temporary)
      throw error
    }
    try synchronize(folder)
  }

  /// Writes all bytes at an offset, in as many calls as the system needs.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count, let start = bytes.baseAddress {
      let count = pwrite(descriptor, start + done, bytes.count - done, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw ModelFileError.lastCall(path, code: count < 0 ? errno : EIO) }
      done += count
    }
  }

  /// Fails if the size of the file is not the number of bytes written.
  func require(byteCount: Int) throws {
    var status = stat()
    try Self.require(fstat(descriptor, &status), path)
    guard status.st_size == byteCount else { throw ModelFileError.lastCall(path, code: EIO) }
  }

  private static func require(_ result: Int32, _ path: String) throws {
    guard result == 0 else { throw ModelFileError.lastCall(path) }
  }

  /// The permissions to keep, or nil for a new file; folders, devices and pipes are refused.
  private static func permissions(of target: String) throws -> mode_t? {
    var status = stat()
    guard stat(target, &status) == 0 else {
      guard errno == ENOENT else { throw ModelFileError.lastCall(target) }
      return nil
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return status.st_mode & 0o7777
    case S_IFDIR: throw ModelFileError.lastCall(target, code: EISDIR)
    default: throw ModelFileError.system(code: EINVAL, "\(target): Not a regular file")
    }
  }

  /// Makes a completed rename in the folder survive a power failure.
  private static func synchronize(_ folder: String) throws {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ModelFileError.lastCall(folder) }
    defer { close(descriptor) }
    try require(fsync(descriptor), folder)
  }
}
