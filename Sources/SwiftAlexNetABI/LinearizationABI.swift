import CSwiftAlexNet
import Networks
import Tensors

private func linearization(_ handle: OpaquePointer) -> Linearization {
  Unmanaged<Linearization>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
}

@c @implementation
public func sax_network_linearize(
  _ handle: OpaquePointer, _ x: UnsafePointer<Float>, _ batch: Int64, _ height: Int64, _ width: Int64,
  _ layout: Int32, _ nodes: UnsafePointer<UnsafePointer<CChar>>, _ nodeCount: Int64,
  _ wrt: UnsafePointer<UnsafePointer<CChar>>, _ wrtCount: Int64, _ arithmetic: UnsafePointer<sax_arithmetic>,
  _ result: UnsafeMutablePointer<OpaquePointer?>
) -> Int32 {
  status {
    let kept = try network(handle).linearize(
      x, batch: try Argument.size(batch, "linearize: batch"), height: try Argument.size(height, "linearize: height"),
      width: try Argument.size(width, "linearize: width"), layout: try Argument.layout(layout),
      nodes: try Argument.names(nodes, nodeCount, "linearize: number of nodes"),
      wrt: try Argument.names(wrt, wrtCount, "linearize: number of wrt"),
      arithmetic: try Arithmetic(arithmetic.pointee, operation: "linearize"))
    result.pointee = OpaquePointer(Unmanaged.passRetained(kept).toOpaque())
  }
}

@c @implementation
public func sax_linearization_release(_ handle: OpaquePointer?) {
  if let handle { Unmanaged<Linearization>.fromOpaque(UnsafeRawPointer(handle)).release() }
}

@c @implementation
public func sax_linearization_get_shape(
  _ handle: OpaquePointer, _ node: UnsafePointer<CChar>, _ shape: UnsafeMutablePointer<Int64>
) -> Int32 {
  status { write(try linearization(handle).shape(of: String(cString: node)), to: shape) }
}

@c @implementation
public func sax_linearization_get_activation(
  _ handle: OpaquePointer, _ node: UnsafePointer<CChar>, _ layout: Int32, _ activation: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    try linearization(handle).activation(
      String(cString: node), layout: try Argument.layout(layout), into: activation)
  }
}

@c @implementation
public func sax_linearization_vjp(
  _ handle: OpaquePointer, _ nodes: UnsafePointer<UnsafePointer<CChar>>,
  _ cotangents: UnsafePointer<UnsafePointer<Float>>, _ nodeCount: Int64, _ wrt: UnsafePointer<UnsafePointer<CChar>>,
  _ gradients: UnsafePointer<UnsafeMutablePointer<Float>>, _ wrtCount: Int64, _ layout: Int32, _ relu: Int32
) -> Int32 {
  status {
    let starts = try Argument.names(nodes, nodeCount, "vjp: number of cotangents")
    let ends = try Argument.names(wrt, wrtCount, "vjp: number of wrt")
    try linearization(handle).vjp(
      try pairs(starts, cotangents, "cotangents"), wrt: try pairs(ends, gradients, "wrt"),
      layout: try Argument.layout(layout), relu: try Argument.reluRule(relu))
  }
}

/// Each name with its pointer.
private func pairs<Pointer>(
  _ names: [String], _ pointers: UnsafePointer<Pointer>, _ argument: String
) throws -> [String: Pointer] {
  var pairs: [String: Pointer] = [:]
  for (index, name) in names.enumerated() where pairs.updateValue(pointers[index], forKey: name) != nil {
    throw EngineError.invalidValue("vjp: \(argument) names \(name) twice")
  }
  return pairs
}
