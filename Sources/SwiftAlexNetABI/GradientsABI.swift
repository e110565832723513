import CSwiftAlexNet
import Imaging
import Kernels
import Networks
import Tensors
import Training

extension BatchShare {
  fileprivate init(_ share: sax_batch_share) throws {
    try self.init(
      firstImage: Int(share.first_image),
      shards: try Shards(
        share.shards, count: share.shard_count, roundsSums: share.rounds_sums != 0, operation: "gradients"),
      divisor: share.divisor, factorBatch: share.factor_batch > 0 ? Int(share.factor_batch) : nil)
  }
}

extension Shards {
  fileprivate init(
    _ counts: UnsafePointer<Int32>, count: Int64, roundsSums: Bool = false, operation: String
  ) throws {
    let counts = UnsafeBufferPointer(start: counts, count: try Argument.size(count, "\(operation): shards"))
    try self.init(counts.map { Int($0) }, roundsSums: roundsSums, operation: operation)
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
public func sax_network_factor_row_bytes(_ handle: OpaquePointer, _ index: Int64) -> Int64 {
  let all = network(handle).factors?.bytesPerRow ?? []
  guard let index = Int(exactly: index), all.indices.contains(index) else { return 0 }
  return Int64(all[index])
}

/// The rows of some images, as many bytes as the caller has.
private func factorRows(
  _ handle: OpaquePointer, _ index: Int64, _ first: Int64, _ images: Int64, bytes: Int64
) throws -> (DenseFactors, UnsafeMutableRawBufferPointer) {
  guard let factors = network(handle).factors else { throw EngineError.invalidValue("factors: there are none") }
  let first = try Argument.index(first, below: factors.batch, "factors: first image")
  let images = try Argument.size(images, "factors: images")
  let rows = try factors.rows(Int(index), images: first..<first + images)
  guard bytes == Int64(rows.count) else {
    throw EngineError.invalidValue("factors: got \(bytes) bytes for \(images) images, expected \(rows.count)")
  }
  return (factors, rows)
}

@c @implementation
public func sax_network_read_factor(
  _ handle: OpaquePointer, _ index: Int64, _ firstImage: Int64, _ images: Int64, _ rows: UnsafeMutablePointer<UInt8>,
  _ bytes: Int64
) -> Int32 {
  status {
    let (factors, source) = try factorRows(handle, index, firstImage, images, bytes: bytes)
    withExtendedLifetime(factors) {
      UnsafeMutableRawBufferPointer(start: rows, count: source.count).copyMemory(from: UnsafeRawBufferPointer(source))
    }
  }
}

@c @implementation
public func sax_network_write_factor(
  _ handle: OpaquePointer, _ index: Int64, _ firstImage: Int64, _ images: Int64, _ rows: UnsafePointer<UInt8>,
  _ bytes: Int64
) -> Int32 {
  status {
    let (factors, target) = try factorRows(handle, index, firstImage, images, bytes: bytes)
    withExtendedLifetime(factors) {
      target.copyMemory(from: UnsafeRawBufferPointer(start: rows, count: target.count))
    }
  }
}

@c @implementation
public func sax_network_finished_factors(_ handle: OpaquePointer) -> Int64 {
  Int64(network(handle).factors?.finishedCount ?? 0)
}

@c @implementation
public func sax_network_gradients_of_factors(
  _ handle: OpaquePointer, _ shards: UnsafePointer<Int32>, _ shardCount: Int64
) -> Int32 {
  status {
    try network(handle).gradientsOfFactors(
      shards: try Shards(shards, count: shardCount, operation: "gradients_of_factors"))
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
public func sax_network_forget_finished(_ handle: OpaquePointer) {
  network(handle).forgetFinished()
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
