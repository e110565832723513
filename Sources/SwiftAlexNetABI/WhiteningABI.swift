import CSwiftAlexNet
import Networks

@c @implementation
public func sax_network_set_whitening(
  _ handle: OpaquePointer, _ matrix: UnsafePointer<Float>?, _ size: Int64
) -> Int32 {
  status { try network(handle).setWhitening(matrix, size: Int(size)) }
}

@c @implementation
public func sax_network_whiten(
  _ handle: OpaquePointer, _ images: UnsafePointer<Float>, _ count: Int64, _ output: UnsafeMutablePointer<Float>
) -> Int32 {
  status { try network(handle).whiten(images, batch: try Argument.size(count, "whiten: count"), into: output) }
}
