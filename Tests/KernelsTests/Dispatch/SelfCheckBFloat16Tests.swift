import KernelTemplates
import TestSupport
import XCTest

@testable import Kernels

/// What the registry requires of tiles on a CPU that has them.
final class SelfCheckBFloat16Tests: XCTestCase {
  func testTheSelfCheckTellsRightFromWrong() throws {
    XCTAssert(emulatedAMX.agrees(with: emulatedAMX))
    for table in KernelRegistry.available {
      if let kernels = table.bfloat16 { XCTAssert(emulatedAMX.agrees(with: kernels), table.name) }
    }
    let wrong: [String: @Sendable (RowTileBFloat16) -> Void] = [
      "a row count": { tile in
        emulatedAMX.tile(tile)
        if tile.rows == 7 { tile.output[6 * tile.outputStride + 31] += 1 }
      },
      "a single block": { tile in
        emulatedAMX.tile(tile)
        if tile.blockCount == 1 { tile.output[0] += 1 }
      },
      "the steps of a run": { tile in
        var tile = tile
        tile.runLength = TileGeometry.innerMultiple
        emulatedAMX.tile(tile)
      },
      "the rows' distance": { tile in
        var tile = tile
        tile.outputStride = TileGeometry.columns
        emulatedAMX.tile(tile)
      },
      "between the rows": { tile in
        emulatedAMX.tile(tile)
        if tile.rows > 1 { tile.output[TileGeometry.columns] += 1 }
      },
    ]
    for (name, tile) in wrong {
      let kernels = MatrixKernelsBFloat16(
        rows: emulatedAMX.rows, blocks: emulatedAMX.blocks, innerMultiple: emulatedAMX.innerMultiple, tile: tile,
        besides: emulatedAMX)
      XCTAssertFalse(kernels.agrees(with: emulatedAMX), name)
    }
    XCTAssertEqual(EmulatedTiles.takeFaults(), [])
  }
}
