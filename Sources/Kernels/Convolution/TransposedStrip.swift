import CShims
import KernelTemplates
import Tensors

/// Rows of some images, transposed: a plane of pixels for each channel, so that the pixels a tap meets, output row by
/// output row, lie in one run of memory.
///
///     plane of a channel     [image][row][column], `columns` wide
///     tap (p, q)             the same run, p / stride rows and q / stride columns later
///
/// Strides give separate planes for each (row mod stride, column mod stride): within a plane, neighbouring output
/// pixels are neighbours. The zero columns on the left of a row also serve as those on the right of the previous row,
/// so hardly more pixels are processed than exist.
struct TransposedStrip {
  private let shape: ConvolutionShape
  /// Channels of a plane's group.
  let channels: Int
  let images: Int
  /// Output rows served by a strip.
  let outputRows: Int
  let rowPhases: Int
  /// Kernel columns with separate planes.
  let columnPhases: Int
  /// Rows of a plane for one image.
  let rows: Int
  let columns: Int
  /// Elements from one plane to the next.
  let planeStride: Int

  /// With fewer rows in a tile than this, every kernel column gets its own planes, copies of one another.
  private static let fewRows = 8

  init(_ shape: ConvolutionShape, channels: Int, images: Int, outputRows: Int) {
    self.shape = shape
    self.channels = channels
    self.images = images
    self.outputRows = outputRows
    rowPhases = min(shape.strideHeight, shape.kernelHeight)
    columnPhases =
      shape.strideWidth * channels < Self.fewRows ? shape.kernelWidth : min(shape.strideWidth, shape.kernelWidth)
    rows = outputRows + (shape.kernelHeight - 1) / rowPhases
    let read = shape.outputWidth + (shape.kernelWidth - 1) / columnPhases
    var (first, end) = (read, 0)
    for phase in 0..<columnPhases {
      let inside = Self.columns(of: phase, in: shape, below: read)
      guard !inside.isEmpty else { continue }
      first = min(first, inside.lowerBound)
      end = max(end, inside.upperBound)
    }
    columns = max(shape.outputWidth, end, read - first)
    // A plane is followed by the zeros that its last row reads; an odd number of cache lines keeps the planes of a tile
    // from competing for the same sets of the L1 cache.
    let line = 32
    let lines = (images * rows * columns + read - columns + line - 1) / line
    planeStride = (lines | 1) * line
  }

  /// Elements of the strip, plus what a kernel may read past it.
  func elementCount(innerMultiple: Int) -> Int {
    rowPhases * columnPhases * channels * planeStride + innerMultiple
  }

  /// The element of the first plane that tap (p, q) meets first.
  func offset(p: Int, q: Int) -> Int {
    let plane = (p % rowPhases &* columnPhases &+ q % columnPhases) &* channels
    return plane &* planeStride &+ p / rowPhases &* columns &+ q / columnPhases
  }

  /// Copies what the output rows from `firstRow` on read in `images` images and some channels, with zeros around it.
  /// - Parameter input: the first copied channel of the first image.
  func copy(
    input: UnsafePointer<BFloat16>, images: Int, firstRow: Int, channels: Int, innerMultiple: Int,
    transpose: PointwiseKernels.TransposeBFloat16, to target: UnsafeMutablePointer<BFloat16>
  ) {
    memset(target, 0, elementCount(innerMultiple: innerMultiple) &* 2)
    let (width, inputChannels) = (shape.inputWidth, shape.inputChannels)
    let step = shape.strideWidth
    for rowPhase in 0..<rowPhases {
      for columnPhase in 0..<columnPhases {
        let inside = Self.columns(of: columnPhase, in: shape, below: columns)
        guard !inside.isEmpty else { continue }
        let plane = target + (rowPhase &* columnPhases &+ columnPhase) &* self.channels &* planeStride
        let x = inside.lowerBound &* step &+ columnPhase &- shape.padding.left
        for row in 0..<(images &* rows) {
          let (image, row) = (row / rows, row % rows)
          let y = (firstRow &+ row) &* shape.strideHeight &+ rowPhase &- shape.padding.top
          guard y >= 0, y < shape.inputHeight else { continue }
          let source = input + (((image &* shape.inputHeight &+ y) &* width &+ x) &* inputChannels)
          transpose(
            inside.count, channels, source, step &* inputChannels,
            plane + ((image &* rows &+ row) &* columns &+ inside.lowerBound), planeStride)
        }
      }
    }
  }

  /// The columns below `limit` of a phase's planes that lie inside the image.
  private static func columns(of phase: Int, in shape: ConvolutionShape, below limit: Int) -> Range<Int> {
    let (stride, left) = (shape.strideWidth, shape.padding.left &- phase)
    let first = max(0, left &+ stride &- 1) / stride
    let last = shape.inputWidth &- 1 &+ left
    return Range(uncheckedBounds: (first, max(first, min(limit, last < 0 ? 0 : last / stride &+ 1))))
  }
}
