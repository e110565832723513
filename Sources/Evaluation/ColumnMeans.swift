/// Means of a matrix's columns, summed in `Sum`: Float for the few crops of an image, Double for the positions of a
/// score map, of which there may be many.
func columnMeans<Sum: BinaryFloatingPoint>(
  _ matrix: UnsafePointer<Float>, rows: Int, columns: Int, summing: Sum.Type, into output: UnsafeMutablePointer<Float>
) {
  for column in 0..<columns {
    var sum: Sum = 0
    for row in 0..<rows { sum += Sum(matrix[row &* columns &+ column]) }
    output[column] = Float(sum / Sum(rows))
  }
}
