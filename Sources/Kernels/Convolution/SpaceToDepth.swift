import CShims
import KernelTemplates

/// A convolution with a stride as one of stride 1: blocks of stride × stride pixels are the pixels of a smaller image,
/// with the channels of all of a block's pixels. 11 × 11 taps of stride 4 on 3 channels become 3 × 3 taps on 48; those
/// that lie outside the kernel are zeros. (arXiv 2002.00552 divides the sum in the same way, by the taps' phases.) With
/// stride 1 a block is a pixel.
struct SpaceToDepth {
  let shape: ConvolutionShape

  /// Along one side of a block: both strides, see ``isSquare``.
  var block: Int { shape.strideHeight }
  /// Along one side of the kernel of stride 1.
  var taps: Int { (shape.kernelHeight + block - 1) / block }
  /// Whether kernel and stride are the same in both directions.
  var isSquare: Bool { shape.strideWidth == block && shape.kernelWidth == shape.kernelHeight }
  /// Input channels of one group, [row in block][column in block][channel]. Only where a block is smaller than the
  /// kernel is it sure that the number fits.
  var groupInputs: Int { block * block * shape.groupInputs }

  /// Floats of scratch for ``copy(image:group:first:rows:columns:to:line:)``.
  func lineCount(columns: Int) -> Int { block == 1 ? 0 : columns * block * shape.groupInputs }

  /// Copies the blocks of one group from block `first` on, counted from the corner of the padding: [rows][columns]
  /// [``groupInputs``], with zeros outside the image.
  func copy(
    image: UnsafePointer<Float>, group: Int, first: (row: Int, column: Int), rows: Int, columns: Int,
    to blocks: UnsafeMutablePointer<Float>, line: UnsafeMutablePointer<Float>
  ) {
    let strip = ConvolutionStrip(
      inputHeight: shape.inputHeight, inputWidth: shape.inputWidth, inputChannels: shape.inputChannels,
      channels: shape.groupInputs, width: columns &* block, left: shape.padding.left &- first.column &* block)
    let (firstChannel, firstRow) = (group &* shape.groupInputs, first.row &* block &- shape.padding.top)
    guard block > 1 else {
      return strip.copy(image: image, firstChannel: firstChannel, firstRow: firstRow, rows: rows, to: blocks)
    }
    let (part, channels) = (block &* shape.groupInputs, groupInputs)
    for row in 0..<rows &* block {
      strip.copy(image: image, firstChannel: firstChannel, firstRow: firstRow &+ row, rows: 1, to: line)
      let target = blocks + (row / block &* columns &* channels &+ row % block &* part)
      for column in 0..<columns {
        memcpy(target + (column &* channels), line + (column &* part), part &* MemoryLayout<Float>.stride)
      }
    }
  }

  /// The kernels of one of ``groupInputs``, and where the first of them begins among the weights of a group.
  func kernels(of channel: Int) -> (taps: WinogradTaps, offset: Int) {
    let (pixel, own) = (channel / shape.groupInputs, channel % shape.groupInputs)
    let (row, column) = (pixel / block, pixel % block)
    let (columnStride, size) = (shape.groupInputs &* shape.outputChannels, shape.kernelHeight)
    let taps = WinogradTaps(
      side: taps, rows: (size &- row &+ block &- 1) / block, columns: (size &- column &+ block &- 1) / block,
      rowStride: block &* size &* columnStride, columnStride: block &* columnStride)
    return (taps, (row &* size &+ column) &* columnStride &+ own &* shape.outputChannels)
  }
}
