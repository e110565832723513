import CSwiftAlexNet
import Evaluation
import Imaging
import Networks

@c @implementation
public func sax_network_predict_images(
  _ handle: OpaquePointer, _ images: UnsafePointer<sax_images>, _ preprocessing: UnsafePointer<sax_preprocessing>,
  _ views: Int64, _ arithmetic: UnsafePointer<sax_arithmetic>, _ probabilities: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let (batch, preprocessing) = try ImageBatch.checked(
      images.pointee, preprocessing.pointee, for: network(handle), operation: "predict")
    try network(handle).predict(
      images: batch.pixels, count: batch.count, height: batch.height, width: batch.width,
      preprocessing: preprocessing, views: try ImageInput.Views(count: views),
      arithmetic: try Arithmetic(arithmetic.pointee, operation: "predict"), into: probabilities)
  }
}

@c @implementation
public func sax_network_predict_features(
  _ handle: OpaquePointer, _ node: UnsafePointer<CChar>, _ features: UnsafePointer<Float>, _ batch: Int64,
  _ layout: Int32, _ arithmetic: UnsafePointer<sax_arithmetic>, _ probabilities: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    try network(handle).probabilities(
      features: features, after: String(cString: node), batch: try Argument.size(batch, "predict: batch"),
      layout: try Argument.layout(layout), arithmetic: try Arithmetic(arithmetic.pointee, operation: "predict"),
      into: probabilities)
  }
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

@c @implementation
public func sax_score_probabilities(
  _ probabilities: UnsafePointer<Float>, _ labels: UnsafePointer<Int32>, _ rows: Int64, _ classes: Int64,
  _ result: UnsafeMutablePointer<sax_score>
) -> Int32 {
  status {
    let score = try Score(
      probabilities: probabilities, labels: labels, rows: try Argument.size(rows, "score: rows"),
      classes: try Argument.size(classes, "score: classes"))
    result.pointee = sax_score(top1_credit: score.top1Credit, top5_credit: score.top5Credit, loss: score.loss)
  }
}
