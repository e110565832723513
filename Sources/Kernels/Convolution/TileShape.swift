import KernelTemplates

/// How the product of a convolution is divided into tiles, from a table of the speed of each tile size.
struct TileShape: Equatable {
  /// The most pixels of a tile.
  let rows: Int
  /// Channels of a tile and of a packed panel, except the last.
  let columns: Int
  /// Whether output columns at the sides of the image have separate tiles, which skip kernel columns.
  var separatesSides = false

  /// Panels that `channels` columns fill, the last one perhaps partly.
  func panelCount(_ channels: Int) -> Int { (channels + columns - 1) / columns }
}

extension MatrixKernels {
  /// Columns per vector of a tile.
  var vectorWidth: Int { columns / 2 }

  /// Tiles of two vectors, and of three vectors with fewer rows.
  var tileShapes: [TileShape] {
    [TileShape(rows: rows, columns: columns), TileShape(rows: rates[2].count, columns: 3 * vectorWidth)]
  }

  /// The time of a step of the inner index for tiles over these rows and columns: vectors divided by their share of the
  /// limit.
  func time(rows: Int, columns: Int, _ shape: TileShape) -> Double {
    func tile(_ columns: Int) -> Double {
      if columns == 0 { return 0 }
      let vectors = (columns - 1) / vectorWidth + 1
      return Double(rows * vectors) / Double(rates[vectors - 1][rows - 1])
    }
    return Double(columns / shape.columns) * tile(shape.columns) + tile(columns % shape.columns)
  }
}

extension ConvolutionTiles {
  /// The shape whose tiles take the least time. It depends on the convolution and the instruction set, not on the batch.
  ///
  /// Below one percent a difference in the table is noise: the first shape then stays; it has the most rows and reads
  /// panels least often.
  func tileShape(_ kernels: MatrixKernels) -> TileShape {
    var (best, least) = (kernels.tileShapes[0], Double.infinity)
    for var shape in kernels.tileShapes {
      for separates in innerColumns.count < outputWidth ? [false, true] : [false] {
        shape.separatesSides = separates
        let time = time(shape, kernels)
        if time < 0.99 * least { (best, least) = (shape, time) }
      }
    }
    return best
  }

  private func time(_ shape: TileShape, _ kernels: MatrixKernels) -> Double {
    // A tile of r rows takes the same time everywhere: each is computed once.
    let times = (1...shape.rows).map { kernels.time(rows: $0, columns: groupOutputs, shape) }
    var time = 0.0
    pixelTiles(shape).forEach(strips.range(0)) { tile in
      time += times[tile.count - 1] * Double(tile.kernelRows.count * tile.kernelColumns.count)
    }
    return time
  }
}
