import CSwiftAlexNet
import Evaluation
import Imaging
import Networks

@c @implementation
public func sax_network_score_map_size(
  _ handle: OpaquePointer, _ height: Int64, _ width: Int64, _ rows: UnsafeMutablePointer<Int64>,
  _ columns: UnsafeMutablePointer<Int64>
) -> Int32 {
  status {
    let size = try network(handle).scoreMapSize(
      height: try Argument.size(height, "dense evaluation: image height"),
      width: try Argument.size(width, "dense evaluation: image width"))
    rows.pointee = Int64(size.rows)
    columns.pointee = Int64(size.columns)
  }
}

@c @implementation
public func sax_network_score_map(
  _ handle: OpaquePointer, _ images: UnsafePointer<sax_images>, _ preprocessing: UnsafePointer<sax_preprocessing>,
  _ arithmetic: UnsafePointer<sax_arithmetic>, _ scores: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let batch = try ImageBatch(images.pointee, operation: "score_map")
    try network(handle).scoreMap(
      images: batch.pixels, count: batch.count, height: batch.height, width: batch.width, channels: batch.channels,
      preprocessing: try Preprocessing(preprocessing.pointee, channels: batch.channels),
      arithmetic: try Arithmetic(arithmetic.pointee, operation: "score_map"), into: scores)
  }
}

@c @implementation
public func sax_network_predict_dense(
  _ handle: OpaquePointer, _ images: UnsafePointer<sax_images>, _ preprocessing: UnsafePointer<sax_preprocessing>,
  _ mirror: Int32, _ arithmetic: UnsafePointer<sax_arithmetic>, _ probabilities: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let batch = try ImageBatch(images.pointee, operation: "predict")
    try network(handle).predictDense(
      images: batch.pixels, count: batch.count, height: batch.height, width: batch.width, channels: batch.channels,
      preprocessing: try Preprocessing(preprocessing.pointee, channels: batch.channels), mirror: mirror != 0,
      arithmetic: try Arithmetic(arithmetic.pointee, operation: "predict"), into: probabilities)
  }
}
