import CSwiftAlexNet
import Kernels
import Networks
import Tensors

@c @implementation
public func sax_network_set_quantization(
  _ handle: OpaquePointer, _ tensors: UnsafePointer<sax_quantization>?, _ count: Int64
) -> Int32 {
  status {
    guard let tensors else { return try network(handle).setQuantization(nil) }
    let count = try Argument.size(count, "set_quantization: tensors")
    let given = try UnsafeBufferPointer(start: tensors, count: count).map { tensor in
      guard let zeroPoint = UInt8(exactly: tensor.zero_point) else {
        throw EngineError.invalidValue("set_quantization: got zero point \(tensor.zero_point), expected 0 to 255")
      }
      return try Quantization(scale: tensor.scale, zeroPoint: zeroPoint, operation: "set_quantization")
    }
    try network(handle).setQuantization(NetworkQuantization(input: given[0], outputs: Array(given.dropFirst())))
  }
}

@c @implementation
public func sax_network_get_quantization(
  _ handle: OpaquePointer, _ tensors: UnsafeMutablePointer<sax_quantization>, _ count: Int64,
  _ isQuantized: UnsafeMutablePointer<Int32>
) -> Int32 {
  status {
    guard let quantization = network(handle).quantization else { return isQuantized.pointee = 0 }
    let all = [quantization.input] + quantization.outputs
    guard count == Int64(all.count) else {
      throw EngineError.invalidValue("get_quantization: got room for \(count) tensors, expected \(all.count)")
    }
    for (index, each) in all.enumerated() {
      tensors[index] = sax_quantization(scale: each.scale, zero_point: Int32(each.zeroPoint))
    }
    isQuantized.pointee = 1
  }
}
