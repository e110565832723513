import Foundation
import KernelTemplates
import Synchronization

/// The AMX instructions from the pseudo-code of Intel's manual (volume 2: LDTILECFG, TILELOADD, TDPBF16PS, TILESTORED,
/// TILERELEASE), for CPUs without them. Where the CPU would fault, it records the fault and continues.
///
/// Every thread has its own registers, as on the CPU.
public enum EmulatedTiles: TileUnit {
  private static let noted = Mutex<[String]>([])

  /// What would have faulted since the last call.
  public static func takeFaults() -> [String] {
    noted.withLock { faults in
      defer { faults = [] }
      return faults
    }
  }

  private static func fault(_ text: String) {
    noted.withLock { if $0.count < 10 { $0.append(text) } }
  }

  // MARK: Palette 1

  static let registers = 8
  static let maximumRows = 16
  static let maximumRowBytes = 64
  private static let registerBytes = 1024

  private final class File {
    /// Registers of 16 rows of 64 bytes.
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: registers * registerBytes, alignment: 64)
    var isConfigured = false
    var rowBytes = [Int](repeating: 0, count: registers)
    var rows = [Int](repeating: 0, count: registers)

    init() { clear() }
    deinit { bytes.deallocate() }

    func clear() { bytes.initializeMemory(as: UInt8.self, repeating: 0, count: registers * registerBytes) }

    func row(_ register: Int, _ row: Int) -> UnsafeMutableRawPointer {
      bytes + register * registerBytes + row * maximumRowBytes
    }

    /// write_row_and_zero: the rest of the register's row becomes zero.
    func write(_ register: Int, _ index: Int, from source: UnsafeRawPointer) {
      let target = row(register, index)
      memset(target, 0, maximumRowBytes)
      memcpy(target, source, rowBytes[register])
    }

    /// zero_upper_rows
    func zeroUpperRows(_ register: Int) {
      memset(row(register, rows[register]), 0, (maximumRows - rows[register]) * maximumRowBytes)
    }
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { if let file = $0 { Unmanaged<File>.fromOpaque(file).release() } }
    return key
  }()

  private static var file: File {
    if let known = pthread_getspecific(key) { return Unmanaged<File>.fromOpaque(known).takeUnretainedValue() }
    let new = File()
    pthread_setspecific(key, Unmanaged.passRetained(new).toOpaque())
    return new
  }

  /// The file, if the instruction may use the registers.
  private static func file(_ instruction: String, using registers: [Int]) -> File? {
    let file = file
    guard file.isConfigured else {
      fault("\(instruction): tiles not configured")
      return nil
    }
    for register in registers where file.rows[register] == 0 {
      fault("\(instruction): tmm\(register) has no rows")
      return nil
    }
    return file
  }

  // MARK: Instructions

  public static func configure(_ configuration: UnsafeRawPointer) {
    let bytes = (0..<64).map { Int(configuration.load(fromByteOffset: $0, as: UInt8.self)) }
    let rowBytes = (0..<registers).map { bytes[16 + 2 * $0] | bytes[17 + 2 * $0] << 8 }
    let rows = (0..<registers).map { bytes[48 + $0] }
    let reserved = Array(bytes[2..<16] + bytes[32..<48] + bytes[56..<64])
    guard bytes[0] == 1, reserved.allSatisfy({ $0 == 0 }) else { return fault("LDTILECFG: palette or reserved bytes") }
    guard bytes[1] == 0 else { return fault("LDTILECFG: start row \(bytes[1])") }
    for register in 0..<registers {
      guard rowBytes[register] <= maximumRowBytes, rows[register] <= maximumRows,
        (rowBytes[register] == 0) == (rows[register] == 0)
      else {
        return fault("LDTILECFG: tmm\(register) of \(rows[register]) rows of \(rowBytes[register]) bytes")
      }
    }
    let file = file
    file.isConfigured = true
    file.rowBytes = rowBytes
    file.rows = rows
    file.clear()
  }

  public static func release() {
    let file = file
    file.isConfigured = false
    file.clear()
  }

  public static func load(_ register: Int, _ source: UnsafeRawPointer, stride: Int) {
    guard let file = file("TILELOADD", using: [register]) else { return }
    for row in 0..<file.rows[register] { file.write(register, row, from: source + row * stride) }
    file.zeroUpperRows(register)
  }

  public static func store(_ register: Int, _ target: UnsafeMutableRawPointer, stride: Int) {
    guard let file = file("TILESTORED", using: [register]) else { return }
    for row in 0..<file.rows[register] {
      memcpy(target + row * stride, file.row(register, row), file.rowBytes[register])
    }
  }

  public static func dot(_ sums: Int) {
    let (left, right) = (4 + sums / 2, 6 + sums % 2)
    guard let file = file("TDPBF16PS", using: [sums, left, right]) else { return }
    guard file.rowBytes[sums] == file.rowBytes[right], file.rowBytes[left] == 4 * file.rows[right],
      file.rows[sums] == file.rows[left],
      [sums, left, right].allSatisfy({ file.rowBytes[$0].isMultiple(of: 4) })
    else { return fault("TDPBF16PS: tmm\(sums), tmm\(left), tmm\(right) do not fit") }
    let columns = file.rowBytes[sums] / 4
    // An even and an odd half of each sum, as in the manual.
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * columns) { halves in
      for m in 0..<file.rows[sums] {
        for n in 0..<2 * columns { halves[n] = 0 }
        let a = file.row(left, m).assumingMemoryBound(to: UInt16.self)
        for k in 0..<file.rowBytes[left] / 4 {
          let (even, odd) = (float(a[2 * k]), float(a[2 * k + 1]))
          let b = file.row(right, k).assumingMemoryBound(to: UInt16.self)
          for n in 0..<columns {
            // A product of two bfloat16 is exact, so this rounds once, like the instruction's FMA.
            halves[2 * n] = flushed(halves[2 * n] + even * float(b[2 * n]))
            halves[2 * n + 1] = flushed(halves[2 * n + 1] + odd * float(b[2 * n + 1]))
          }
        }
        let c = file.row(sums, m).assumingMemoryBound(to: Float.self)
        for n in 0..<columns { c[n] = flushed(flushed(c[n]) + flushed(halves[2 * n] + halves[2 * n + 1])) }
      }
    }
    file.zeroUpperRows(sums)
  }

  /// make_fp32, denormals as zeros.
  private static func float(_ bits: UInt16) -> Float { flushed(Float(bitPattern: UInt32(bits) << 16)) }

  /// Zero for a denormal number.
  private static func flushed(_ x: Float) -> Float { x.magnitude < .leastNormalMagnitude ? 0 : x }
}
