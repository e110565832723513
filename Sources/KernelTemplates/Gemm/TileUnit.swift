import Tensors

/// The tile registers of a CPU with AMX, as ``tileProduct(_:as:)`` uses them: 0 to 3 hold sums, 4 and 5 rows of the
/// left matrix, 6 and 7 pairs of rows of a panel. Register numbers are constants wherever a function is called.
///
/// Two types conform: the instructions themselves and the tests' emulation of them.
public protocol TileUnit {
  /// Sets the sizes of all registers from 64 bytes, see ``TileConfiguration`` (LDTILECFG).
  static func configure(_ configuration: UnsafeRawPointer)
  /// Releases the registers, so that the system no longer saves them (TILERELEASE).
  static func release()
  /// Reads the register's rows, `stride` bytes apart (TILELOADD).
  static func load(_ register: Int, _ source: UnsafeRawPointer, stride: Int)
  /// Writes the register's rows, `stride` bytes apart (TILESTORED).
  static func store(_ register: Int, _ target: UnsafeMutableRawPointer, stride: Int)
  /// Adds to the sums 0 … 3 the product of register 4 + sums / 2 and register 6 + sums mod 2 (TDPBF16PS).
  static func dot(_ sums: Int)
}

/// What LDTILECFG reads: the palette, then per register two bytes for the bytes of a row, then one for its rows.
@frozen
public struct TileConfiguration: BitwiseCopyable {
  public let words: SIMD8<UInt64>

  /// Sums and left registers have `rows` rows; all rows have 64 bytes.
  @inlinable @inline(__always)
  public init(rows: Int) {
    let palette: UInt64 = 1
    let rowBytes: UInt64 = 0x0040_0040_0040_0040
    let registerRows = UInt64(truncatingIfNeeded: rows) &* 0x0101_0101_0101 | 0x1010_0000_0000_0000
    words = SIMD8(palette, 0, rowBytes, rowBytes, 0, 0, registerRows, 0)
  }
}

/// The numbers of a ``RowTileBFloat16`` on tiles: two blocks of 16 rows by two times 16 columns, 32 steps of k at once.
public enum TileGeometry {
  public static let rows = 16
  public static let blocks = 2
  public static let columns = 32
  public static let innerMultiple = 32
}

/// ``RowTileBFloat16`` with tile registers.
@inlinable @inline(__always)
public func tileProduct<Tiles: TileUnit>(_ tile: RowTileBFloat16, as: Tiles.Type) {
  let configuration = TileConfiguration(rows: tile.rows)
  withUnsafePointer(to: configuration) { Tiles.configure(UnsafeRawPointer($0)) }
  let twoBlocks = tile.blockCount > 1
  let half = TileGeometry.columns / 2
  let outputStride = tile.outputStride &* 4
  let (first, second) = (tile.output, tile.output + (tile.rows &* tile.outputStride))
  if let start = tile.start {
    // A stride of 0 loads the same row everywhere.
    Tiles.load(0, start, stride: 0)
    Tiles.load(1, start + half, stride: 0)
    if twoBlocks {
      Tiles.load(2, start, stride: 0)
      Tiles.load(3, start + half, stride: 0)
    }
  } else {
    Tiles.load(0, first, stride: outputStride)
    Tiles.load(1, first + half, stride: outputStride)
    if twoBlocks {
      Tiles.load(2, second, stride: outputStride)
      Tiles.load(3, second + half, stride: outputStride)
    }
  }

  let leftStride = tile.leftStride &* 2
  let (firstLeft, secondLeft) = (tile.left[0], tile.left[twoBlocks ? 1 : 0])
  var panel = tile.panel
  var run = 0
  repeat {
    var k = tile.runOffsets[run]
    let end = k &+ tile.runLength
    repeat {
      // A row of the panel holds pairs: 2 · columns elements of 2 bytes.
      Tiles.load(6, panel, stride: 4 &* TileGeometry.columns)
      Tiles.load(7, panel + TileGeometry.columns, stride: 4 &* TileGeometry.columns)
      Tiles.load(4, firstLeft + k, stride: leftStride)
      Tiles.dot(0)
      Tiles.dot(1)
      if twoBlocks {
        Tiles.load(5, secondLeft + k, stride: leftStride)
        Tiles.dot(2)
        Tiles.dot(3)
      }
      panel += (TileGeometry.innerMultiple &* TileGeometry.columns)
      k = k &+ TileGeometry.innerMultiple
    } while k != end
    panel += tile.panelGap
    run = run &+ 1
  } while run != tile.runCount

  Tiles.store(0, first, stride: outputStride)
  Tiles.store(1, first + half, stride: outputStride)
  if twoBlocks {
    Tiles.store(2, second, stride: outputStride)
    Tiles.store(3, second + half, stride: outputStride)
  }
  Tiles.release()
}
