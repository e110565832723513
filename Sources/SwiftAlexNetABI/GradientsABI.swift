import CSwiftAlexNet
import Imaging
import Kernels
import Networks
import Tensors
import Training

extension BatchShare {
  fileprivate init(_ share: sax_batch_share) throws {
    let counts = UnsafeBufferPointer(start: share.shards, count: try Argument.size(share.shard_count, "gradients: shards"))
    try self.init(
      firstImage: Int(share.first_image),
      shards: try Shards(counts.map { Int($0) }, roundsSums: share.rounds_sums != 0, operation: "gradients"),
      divisor: share.divisor)
  }
}

extension [ShardResult] {
  fileprivate func write(to results: UnsafeMutablePointer<sax_shard_result>) {
    for (index, result) in enumerated() {
      results[index] = sax_shard_result(loss: result.loss, top1_errors: result.top1Errors)
    }
  }
}

@c @implementation
public func sax_network_gradients(
  _ handle: OpaquePointer, _ x: UnsafePointer<Float>, _ labels: UnsafePointer<Int32>, _ batch: Int64, _ layout: Int32,
  _ options: UnsafePointer<sax_step_options>, _ share: UnsafePointer<sax_batch_share>,
  _ results: UnsafeMutablePointer<sax_shard_result>
) -> Int32 {
  status {
    let batch = try Argument.size(batch, "gradients: batch")
    try network(handle).gradients(
      x, labels: labels, batch: batch, layout: try Argument.layout(layout), share: try BatchShare(share.pointee),
      options: try StepOptions(options.pointee, for: network(handle), batch: batch)
    ).write(to: results)
  }
}

@c @implementation
public func sax_network_gradients_images(
  _ handle: OpaquePointer, _ images: UnsafePointer<sax_images>, _ labels: UnsafePointer<Int32>,
  _ preprocessing: UnsafePointer<sax_preprocessing>, _ augmentation: UnsafePointer<sax_augmentation>,
  _ options: UnsafePointer<sax_step_options>, _ share: UnsafePointer<sax_batch_share>,
  _ results: UnsafeMutablePointer<sax_shard_result>
) -> Int32 {
  status {
    let (batch, preprocessing) = try ImageBatch.checked(
      images.pointee, preprocessing.pointee, for: network(handle), operation: "gradients")
    try network(handle).gradients(
      images: batch.pixels, count: batch.count, height: batch.height, width: batch.width, labels: labels,
      share: try BatchShare(share.pointee), preprocessing: preprocessing,
      augmentation: try Augmentation(augmentation.pointee),
      options: try StepOptions(options.pointee, for: network(handle), batch: batch.count)
    ).write(to: results)
  }
}

@c @implementation
public func sax_network_gradients_features(
  _ handle: OpaquePointer, _ node: UnsafePointer<CChar>, _ features: UnsafePointer<Float>,
  _ labels: UnsafePointer<Int32>, _ batch: Int64, _ layout: Int32, _ options: UnsafePointer<sax_step_options>,
  _ share: UnsafePointer<sax_batch_share>, _ results: UnsafeMutablePointer<sax_shard_result>
) -> Int32 {
  status {
    let batch = try Argument.size(batch, "gradients: batch")
    try network(handle).gradients(
      features: features, after: String(cString: node), labels: labels, batch: batch,
      layout: try Argument.layout(layout), share: try BatchShare(share.pointee),
      options: try StepOptions(options.pointee, for: network(handle), batch: batch)
    ).write(to: results)
  }
}

@c @implementation
public func sax_network_apply_gradients(
  _ handle: OpaquePointer, _ options: UnsafePointer<sax_step_options>
) -> Int32 {
  status { try network(handle).applyGradients(try StepOptions(options.pointee, for: network(handle), batch: 0)) }
}

@c @implementation
public func sax_network_gradient_block_count(_ handle: OpaquePointer) -> Int64 {
  Int64(network(handle).gradientMemory.blocks.count)
}

@c @implementation
public func sax_network_get_gradient_block(
  _ handle: OpaquePointer, _ index: Int64, _ data: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>,
  _ count: UnsafeMutablePointer<Int64>
) -> Int32 {
  status {
    let blocks = network(handle).gradientMemory.blocks
    let block = blocks[try Argument.index(index, below: blocks.count, "gradient_block")]
    (data.pointee, count.pointee) = (block.pointer, Int64(block.count))
  }
}

@c @implementation
public func sax_network_finished_gradients(_ handle: OpaquePointer) -> Int64 {
  Int64(network(handle).gradientMemory.finishedCount)
}

@c @implementation
public func sax_narrow(
  _ values: UnsafePointer<Float>, _ count: Int64, _ narrowed: UnsafeMutablePointer<UInt16>
) -> Int32 {
  status {
    BFloat16Conversion.narrow(
      UnsafeBufferPointer(start: values, count: try Argument.elements(count, "narrow")), into: narrowed)
  }
}

@c @implementation
public func sax_widen(
  _ narrowed: UnsafePointer<UInt16>, _ count: Int64, _ values: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    BFloat16Conversion.widen(
      UnsafeBufferPointer(start: narrowed, count: try Argument.elements(count, "widen")), into: values)
  }
}
