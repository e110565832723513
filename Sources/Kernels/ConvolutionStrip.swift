import CShims

/// The rows of one image that some output rows read, copied with their border of zeros and, of a grouped
/// convolution, with the channels of one group only: [rows][width][channels], so that the elements which a kernel
/// row covers lie contiguously.
struct ConvolutionStrip {
  let inputHeight: Int
  let inputWidth: Int
  let inputChannels: Int
  /// Channels copied.
  let channels: Int
  /// Columns of the copy.
  let width: Int
  /// Columns of zeros on the left; negative: columns of the image left out.
  let left: Int

  /// Copies the image rows from `firstRow` on (rows outside the image are zeros), channels from `firstChannel` on.
  func copy(
    image: UnsafePointer<Float>, firstChannel: Int, firstRow: Int, rows: Int, to target: UnsafeMutablePointer<Float>
  ) {
    let rowFloats = width &* channels
    let from = min(max(left, 0), width)
    let to = max(from, min(width, inputWidth &+ left))
    for row in 0..<rows {
      let y = firstRow &+ row
      let copy = target + (row &* rowFloats)
      guard y >= 0, y < inputHeight, from < to else {
        memset(copy, 0, rowFloats &* 4)
        continue
      }
      memset(copy, 0, from &* channels &* 4)
      memset(copy + (to &* channels), 0, (width &- to) &* channels &* 4)
      let source = image + ((y &* inputWidth &+ from &- left) &* inputChannels &+ firstChannel)
      if channels == inputChannels {
        memcpy(copy + (from &* channels), source, (to &- from) &* channels &* 4)
      } else {
        for x in 0..<(to &- from) {
          memcpy(copy + ((from &+ x) &* channels), source + (x &* inputChannels), channels &* 4)
        }
      }
    }
  }
}
