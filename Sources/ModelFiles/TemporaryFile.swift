import Glibc

/// Files that replace others once they are complete, and removal of those whose writers have died.
///
/// A writer keeps its file locked; a file without a lock has lost its writer and may be removed. Two machines on one
/// network disk may not see each other's locks, so a name contains the number that Linux draws at boot, and files of
/// another machine or from before a reboot are never removed. Names and locks are those of the Python package.
enum TemporaryFile {
  /// Characters of the name that are kept: a temporary name must not be too long if the name itself is not.
  private static let nameKept = 50
  /// `F_OFD_SETLK`: such locks belong to the open file; they exclude threads, and processes of all containers of a
  /// machine, and the system releases them with the file's last descriptor.
  private static let setOpenFileLock: Int32 = 37

  /// Path and descriptor of a new, empty, locked file that will become `name` in `folder`.
  /// - Throws: ``ModelFileError/system(code:_:)``.
  static func create(in folder: String, for name: String) throws -> (path: String, descriptor: Int32) {
    while true {
      let number = String(UInt32.random(in: .min ... .max), radix: 16)
      let path = Path.join(folder, "\(prefix(name))\(machine ?? "unknown")-\(number)")
      let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor < 0 && errno == EEXIST { continue }
      guard descriptor >= 0 else { throw ModelFileError.lastCall(path) }
      // Another process may have removed the file as stale before it was locked.
      var status = stat()
      if lock(descriptor) != false, fstat(descriptor, &status) == 0, status.st_nlink > 0 { return (path, descriptor) }
      close(descriptor)
    }
  }

  /// Removes temporary files of the file `name` whose writers are known to be dead; a failure leaves them.
  static func removeStale(in folder: String, for name: String) {
    guard let machine, let entries = opendir(folder) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let found = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if found.hasPrefix("\(prefix(name))\(machine)-") { removeUnlessLocked(Path.join(folder, found)) }
    }
  }

  private static func removeUnlessLocked(_ path: String) {
    let descriptor = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, lock(descriptor) == true { unlink(path) }
  }

  /// Locks a file; false if another process holds the lock, nil if the file system has no such locks.
  private static func lock(_ descriptor: Int32) -> Bool? {
    var whole = flock()
    whole.l_type = Int16(F_WRLCK)
    whole.l_whence = Int16(SEEK_SET)
    if fcntl(descriptor, setOpenFileLock, &whole) == 0 { return true }
    return errno == EAGAIN || errno == EACCES ? false : nil
  }

  private static func prefix(_ name: String) -> String {
    let kept = String(String.UnicodeScalarView(name.unicodeScalars.prefix(nameKept)))
    return ".\(kept).tmp-"
  }

  /// An identifier of this machine since its last boot; nil if the system has none.
  private static let machine: String? = {
    guard let file = fopen("/proc/sys/kernel/random/boot_id", "re") else { return nil }
    defer { fclose(file) }
    var digits = [UInt8](repeating: 0, count: 8)
    guard fread(&digits, 1, digits.count, file) == digits.count else { return nil }
    return "boot" + String(decoding: digits, as: UTF8.self)
  }()
}
