import XCTest

@testable import Kernels

/// Windows from positions and positions from pixels, against a search over all taps.
final class WindowInImageTests: XCTestCase {
  private struct Meeting: Hashable, Comparable {
    let position: Int
    let tap: Int
    let pixel: Int

    static func < (a: Meeting, b: Meeting) -> Bool { (a.position, a.tap) < (b.position, b.tap) }
  }

  private func meetings(_ s: ConvolutionShape) -> [Meeting] {
    (0..<(s.outputHeight * s.outputWidth)).flatMap { position in
      (0..<(s.kernelHeight * s.kernelWidth)).compactMap { tap in
        let row = position / s.outputWidth * s.strideHeight - s.padding.top + tap / s.kernelWidth
        let column = position % s.outputWidth * s.strideWidth - s.padding.left + tap % s.kernelWidth
        guard (0..<s.inputHeight).contains(row), (0..<s.inputWidth).contains(column) else { return nil }
        return Meeting(position: position, tap: tap, pixel: row * s.inputWidth + column)
      }
    }
  }

  func testEveryTapInTheImageAndNoOther() throws {
    for c in try ConvolutionCase.odd() where c.shape.inputHeight * c.shape.inputWidth <= 200 {
      let s = c.shape
      let expected = meetings(s)
      let byPosition = (0..<(s.outputHeight * s.outputWidth)).flatMap { position in
        let window = s.window(at: position)
        return window.rows.flatMap { p in
          window.columns.map { q in
            let row = window.pixel + (p - window.rows.lowerBound) * s.inputWidth
            return Meeting(
              position: position, tap: p * s.kernelWidth + q, pixel: row + q - window.columns.lowerBound)
          }
        }
      }
      XCTAssertEqual(byPosition, expected, c.name)

      let byPixel = (0..<(s.inputHeight * s.inputWidth)).map { pixel in
        let windows = WindowsOverPixel(s, pixel: pixel)
        return (0..<windows.count).map {
          Meeting(position: windows[$0].position, tap: windows[$0].tap, pixel: pixel)
        }
      }
      XCTAssertEqual(byPixel.joined().sorted(), expected, c.name)
      XCTAssertLessThanOrEqual(byPixel.map(\.count).max() ?? 0, WindowsOverPixel.most(s), c.name)
      XCTAssert(byPixel.allSatisfy { $0 == $0.sorted() }, "\(c.name): in the order of the positions")
    }
  }
}
