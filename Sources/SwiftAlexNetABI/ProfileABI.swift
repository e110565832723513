import CSwiftAlexNet
import Imaging
import Networks
import Tensors
import Training

extension sax_profile_row {
  fileprivate init(_ row: Profile.Row) {
    self.init()
    fill(&name, with: row.name)
    fill(&kind, with: row.kind)
    (forward_seconds, backward_seconds) = (row.forwardSeconds, row.backwardSeconds)
    (forward_operations, forward_bytes) = (row.forwardWork.operations, row.forwardWork.bytes)
    (backward_operations, backward_bytes) = (row.backwardWork.operations, row.backwardWork.bytes)
  }
}

@c @implementation
public func sax_network_profile_images(
  _ handle: OpaquePointer, _ images: UnsafePointer<sax_images>, _ preprocessing: UnsafePointer<sax_preprocessing>,
  _ augmentation: UnsafePointer<sax_augmentation>?, _ arithmetic: UnsafePointer<sax_arithmetic>, _ repeats: Int64,
  _ result: UnsafeMutablePointer<sax_profile>,
  _ rows: UnsafeMutablePointer<sax_profile_row>, _ capacity: Int64
) -> Int32 {
  status {
    let (batch, preprocessing) = try ImageBatch.checked(
      images.pointee, preprocessing.pointee, for: network(handle), operation: "profile")
    let profile = try network(handle).profile(
      images: batch.pixels, count: batch.count, height: batch.height, width: batch.width,
      preprocessing: preprocessing,
      augmentation: try augmentation.map { try Augmentation($0.pointee) },
      arithmetic: try Arithmetic(arithmetic.pointee, operation: "profile"),
      repeats: try Argument.size(repeats, "profile: repeats"))
    guard Int64(profile.rows.count) <= capacity else {
      throw EngineError.invalidValue("profile: \(profile.rows.count) rows do not fit into \(capacity)")
    }
    for (index, row) in profile.rows.enumerated() { rows[index] = sax_profile_row(row) }
    result.pointee = sax_profile(
      seconds: profile.seconds, operations_per_second: profile.limits.operationsPerSecond,
      bytes_per_second: profile.limits.bytesPerSecond, rows: Int64(profile.rows.count))
  }
}
