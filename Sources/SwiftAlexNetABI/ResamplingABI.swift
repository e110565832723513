import CSwiftAlexNet
import Imaging
import Tensors

extension Resampling.Axis {
  fileprivate init(_ value: sax_axis, length: Int) throws {
    let count = try Argument.size(value.count, "resample: output pixels")
    let taps = try Argument.size(value.taps, "resample: weights of a pixel")
    try self.init(
      starts: UnsafeBufferPointer(start: value.starts, count: count),
      weights: UnsafeBufferPointer(
        start: value.weights, count: try Extent.product([count, taps], operation: "resample: weights")),
      taps: taps, length: length)
  }
}

@c @implementation
public func sax_resample(
  _ images: UnsafePointer<sax_images>, _ rows: UnsafePointer<sax_axis>, _ columns: UnsafePointer<sax_axis>,
  _ output: UnsafeMutablePointer<UInt8>
) -> Int32 {
  status {
    let batch = try ImageBatch(images.pointee, operation: "resample")
    try Resampling.apply(
      image: batch.pixels, width: batch.width, channels: batch.channels,
      rows: try Resampling.Axis(rows.pointee, length: batch.height),
      columns: try Resampling.Axis(columns.pointee, length: batch.width), output: output)
  }
}
