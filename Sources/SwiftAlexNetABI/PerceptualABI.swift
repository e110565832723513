import CSwiftAlexNet
import Kernels
import Networks
import Tensors

/// The checked form of `sax_feature_maps`.
private struct FeatureMaps {
  let batch: Int
  let shape: FeatureShape
  var pixels: Int { batch * shape.height * shape.width }

  init(_ maps: sax_feature_maps, operation: String) throws {
    let size = { (value: Int64, name: String) in try Argument.size(value, "\(operation): \(name)") }
    batch = try size(maps.batch, "batch")
    shape = FeatureShape(
      height: try size(maps.height, "height"), width: try size(maps.width, "width"),
      channels: try size(maps.channels, "channels"))
    _ = try Extent.product([batch, shape.height, shape.width, shape.channels], operation: operation)
  }
}

@c @implementation
public func sax_perceptual_distance(
  _ maps: UnsafePointer<sax_feature_maps>, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>,
  _ weights: UnsafePointer<Float>, _ layout: Int32, _ map: UnsafeMutablePointer<Float>?,
  _ mean: UnsafeMutablePointer<Float>?
) -> Int32 {
  status {
    let maps = try FeatureMaps(maps.pointee, operation: "perceptual_distance")
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let a = try tensors.read(x, batch: maps.batch, shape: maps.shape)
      let b = try tensors.read(y, batch: maps.batch, shape: maps.shape)
      let map = try map ?? tensors.floats(maps.pixels)
      try PerceptualDistance.map(
        pixels: maps.pixels, channels: maps.shape.channels, a: a, b: b, weights: weights, map: map,
        context: tensors.context)
      guard let mean else { return }
      try PerceptualDistance.means(
        batch: maps.batch, pixels: maps.shape.height * maps.shape.width, map: map, means: mean,
        context: tensors.context)
    }
  }
}

@c @implementation
public func sax_perceptual_distance_backward(
  _ maps: UnsafePointer<sax_feature_maps>, _ dmap: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
  _ y: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ layout: Int32, _ dx: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let maps = try FeatureMaps(maps.pointee, operation: "perceptual_distance_backward")
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let a = try tensors.read(x, batch: maps.batch, shape: maps.shape)
      let b = try tensors.read(y, batch: maps.batch, shape: maps.shape)
      try tensors.write(dx, batch: maps.batch, shape: maps.shape) { inputGradient in
        try PerceptualDistance.backward(
          pixels: maps.pixels, channels: maps.shape.channels, a: a, b: b, weights: weights, mapGradient: dmap,
          inputGradient: inputGradient, context: tensors.context)
      }
    }
  }
}

@c @implementation
public func sax_perceptual_embedding(
  _ maps: UnsafePointer<sax_feature_maps>, _ x: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
  _ layout: Int32, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let maps = try FeatureMaps(maps.pointee, operation: "perceptual_embedding")
    for channel in 0..<maps.shape.channels where !(weights[channel] >= 0) {
      throw EngineError.invalidValue(
        "perceptual_embedding: weight \(channel) is \(weights[channel]), expected at least 0")
    }
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let a = try tensors.read(x, batch: maps.batch, shape: maps.shape)
      try tensors.write(y, batch: maps.batch, shape: maps.shape) { output in
        try PerceptualDistance.embedding(
          pixels: maps.pixels, channels: maps.shape.channels, a: a, weights: weights, output: output,
          context: tensors.context)
      }
    }
  }
}

@c @implementation
public func sax_squared_distances(
  _ x: UnsafePointer<Float>, _ rows: Int64, _ y: UnsafePointer<Float>?, _ columns: Int64, _ length: Int64,
  _ distances: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let size = { (value: Int64, name: String) in try Argument.size(value, "squared_distances: \(name)") }
    let (rows, columns) = (try size(rows, "rows"), try size(columns, "columns"))
    let length = try size(length, "length")
    guard y != nil || rows == columns else {
      throw EngineError.invalidValue("squared_distances: got \(columns) columns, expected \(rows), as many as rows")
    }
    for sizes in [[rows, length], [columns, length], [rows, columns]] {
      _ = try Extent.product(sizes, operation: "squared_distances")
    }
    try SquaredDistances.compute(
      rows: rows, columns: columns, length: length, a: x, b: y, output: distances, context: try ComputeContext())
  }
}
