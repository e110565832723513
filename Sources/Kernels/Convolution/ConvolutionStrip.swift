import CShims

/// The rows of one image read by some output rows, copied with a border, usually of zeros, and, for a grouped convolution, only
/// the channels of one group: [rows][width][channels], so that the elements under a kernel row are contiguous.
struct ConvolutionStrip {
  let inputHeight: Int
  let inputWidth: Int
  let inputChannels: Int
  /// Channels copied.
  let channels: Int
  /// Columns of the copy.
  let width: Int
  /// Columns of border on the left; negative: columns of the image omitted.
  let left: Int
  /// Every byte of the border.
  var border: UInt8 = 0

  /// Copies the image rows from `firstRow` on (rows outside the image are border), channels from `firstChannel` on.
  func copy<Element: BitwiseCopyable>(
    image: UnsafePointer<Element>, firstChannel: Int, firstRow: Int, rows: Int,
    to target: UnsafeMutablePointer<Element>
  ) {
    let rowElements = width &* channels
    let pixelBytes = channels &* MemoryLayout<Element>.stride
    let from = min(max(left, 0), width)
    let to = max(from, min(width, inputWidth &+ left))
    let border = Int32(border)
    for row in 0..<rows {
      let y = firstRow &+ row
      let copy = target + (row &* rowElements)
      guard y >= 0, y < inputHeight, from < to else {
        memset(copy, border, width &* pixelBytes)
        continue
      }
      memset(copy, border, from &* pixelBytes)
      memset(copy + (to &* channels), border, (width &- to) &* pixelBytes)
      let source = image + ((y &* inputWidth &+ from &- left) &* inputChannels &+ firstChannel)
      if channels == inputChannels {
        memcpy(copy + (from &* channels), source, (to &- from) &* pixelBytes)
      } else {
        for x in 0..<(to &- from) {
          memcpy(copy + ((from &+ x) &* channels), source + (x &* inputChannels), pixelBytes)
        }
      }
    }
  }
}
