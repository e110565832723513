import CSwiftAlexNet
import SwiftAlexNet

/// Whole pictures and their preprocessing, checked against the network.
private func dense(
  _ handle: OpaquePointer, _ images: sax_images, _ preprocessing: sax_preprocessing, operation: String
) throws -> (batch: ImageBatch, preprocessing: Preprocessing) {
  let batch = try ImageBatch(images, operation: operation)
  let preprocessing = try Preprocessing(preprocessing, channels: batch.channels)
  try network(handle).requireInput(
    FeatureShape(height: preprocessing.cropHeight, width: preprocessing.cropWidth, channels: batch.channels),
    operation: operation)
  return (batch, preprocessing)
}

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
  _ scores: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let (batch, preprocessing) = try dense(
      handle, images.pointee, preprocessing.pointee, operation: "score_map")
    try network(handle).scoreMap(
      images: batch.pixels, count: batch.count, height: batch.height, width: batch.width,
      preprocessing: preprocessing, into: scores)
  }
}

@c @implementation
public func sax_network_predict_dense(
  _ handle: OpaquePointer, _ images: UnsafePointer<sax_images>, _ preprocessing: UnsafePointer<sax_preprocessing>,
  _ mirror: Int32, _ probabilities: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let (batch, preprocessing) = try dense(handle, images.pointee, preprocessing.pointee, operation: "predict")
    try network(handle).predictDense(
      images: batch.pixels, count: batch.count, height: batch.height, width: batch.width,
      preprocessing: preprocessing, mirror: mirror != 0, into: probabilities)
  }
}
