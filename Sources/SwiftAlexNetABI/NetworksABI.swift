import CSwiftAlexNet
import Networks
import Tensors

/// The engine's object behind an opaque handle; the caller keeps it retained during the call.
func network(_ handle: OpaquePointer) -> Network {
  Unmanaged<Network>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
}

@c @implementation
public func sax_network_create(
  _ spec: UnsafePointer<CChar>, _ initialization: UnsafePointer<CChar>, _ seed: UInt64,
  _ network: UnsafeMutablePointer<OpaquePointer?>
) -> Int32 {
  status {
    let built = try Network(
      spec: try NetworkSpec(text: String(cString: spec)),
      initialization: try .named(String(cString: initialization)), seed: seed)
    network.pointee = OpaquePointer(Unmanaged.passRetained(built).toOpaque())
  }
}

@c @implementation
public func sax_network_retain(_ network: OpaquePointer) {
  _ = Unmanaged<Network>.fromOpaque(UnsafeRawPointer(network)).retain()
}

@c @implementation
public func sax_network_release(_ network: OpaquePointer?) {
  if let network { Unmanaged<Network>.fromOpaque(UnsafeRawPointer(network)).release() }
}

@c @implementation
public func sax_network_get_spec(
  _ handle: OpaquePointer, _ text: UnsafeMutablePointer<CChar>, _ capacity: Int64
) -> Int32 {
  status { try write(network(handle).spec.text, to: text, capacity: capacity) }
}

@c @implementation
public func sax_network_node_count(_ handle: OpaquePointer) -> Int64 { Int64(network(handle).spec.nodes.count + 1) }

@c @implementation
public func sax_network_get_node(
  _ handle: OpaquePointer, _ index: Int64, _ node: UnsafeMutablePointer<sax_node>
) -> Int32 {
  status {
    let nodes = network(handle).summary
    let summary = nodes[try Argument.index(index, below: nodes.count, "node")]
    var result = sax_node()
    fill(&result.name, with: summary.name)
    fill(&result.kind, with: summary.kind)
    fill(&result.detail, with: summary.detail)
    fill(&result.input, with: summary.input)
    result.channels = Int64(summary.shape.channels)
    result.height = Int64(summary.shape.height)
    result.width = Int64(summary.shape.width)
    result.parameters = Int64(summary.parameterCount)
    result.macs = Int64(summary.macs)
    node.pointee = result
  }
}

// MARK: Parameters

private func parameter(_ handle: OpaquePointer, _ index: Int64) throws -> Parameter {
  let parameters = network(handle).parameters
  return parameters[try Argument.index(index, below: parameters.count, "parameter")]
}

@c @implementation
public func sax_network_parameter_count(_ handle: OpaquePointer) -> Int64 { Int64(network(handle).parameters.count) }

@c @implementation
public func sax_network_get_parameter(
  _ handle: OpaquePointer, _ index: Int64, _ result: UnsafeMutablePointer<sax_parameter>
) -> Int32 {
  status {
    let parameter = try parameter(handle, index)
    var description = sax_parameter()
    fill(&description.name, with: parameter.name)
    description.rank = Int64(parameter.shape.count)
    withUnsafeMutableBytes(of: &description.shape) { bytes in
      for (slot, size) in zip(bytes.bindMemory(to: Int64.self).indices, parameter.shape) {
        bytes.bindMemory(to: Int64.self)[slot] = Int64(size)
      }
    }
    withUnsafeMutableBytes(of: &description.strides) { bytes in
      for (slot, stride) in zip(bytes.bindMemory(to: Int64.self).indices, parameter.strides) {
        bytes.bindMemory(to: Int64.self)[slot] = Int64(stride * MemoryLayout<Float>.stride)
      }
    }
    result.pointee = description
  }
}

@c @implementation
public func sax_network_borrow_parameter_data(
  _ handle: OpaquePointer, _ index: Int64, _ which: Int32, _ data: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>
) -> Int32 {
  status {
    let parameter = try parameter(handle, index)
    switch Int(which) {
    case Int(SAX_VALUE): data.pointee = parameter.borrowValues()
    case Int(SAX_GRADIENT): data.pointee = try parameter.makeGradient().pointer
    case Int(SAX_VELOCITY): data.pointee = try parameter.borrowVelocity()
    default:
      throw EngineError.invalidValue("parameter data: got \(which), expected 0 (value), 1 (gradient), 2 (velocity)")
    }
  }
}

@c @implementation
public func sax_network_return_parameter_data(_ handle: OpaquePointer, _ index: Int64, _ which: Int32) {
  let network = network(handle)
  let parameters = network.parameters
  guard let index = Int(exactly: index), parameters.indices.contains(index) else { return }
  switch Int(which) {
  case Int(SAX_VALUE):
    parameters[index].giveBackValues()
    network.forgetStaleWeights()
  case Int(SAX_VELOCITY): parameters[index].giveBackVelocity()
  default: break
  }
}

@c @implementation
public func sax_network_hold(
  _ handle: OpaquePointer, _ operation: UnsafePointer<CChar>, _ writing: Int32, _ thread: UnsafeMutablePointer<UInt64>
) -> Int32 {
  status {
    thread.pointee = UInt64(try network(handle).hold(String(cString: operation), writing: writing != 0))
  }
}

@c @implementation
public func sax_network_let_go(_ handle: OpaquePointer, _ writing: Int32, _ thread: UInt64) {
  network(handle).letGo(UInt(thread), writing: writing != 0)
}

@c @implementation
public func sax_network_set_multipliers(_ handle: OpaquePointer, _ index: Int64, _ rate: Float, _ decay: Float) -> Int32
{
  status {
    try network(handle).setMultipliers(of: try parameter(handle, index), rate: rate, decay: decay)
  }
}

@c @implementation
public func sax_network_get_multipliers(
  _ handle: OpaquePointer, _ index: Int64, _ rate: UnsafeMutablePointer<Float>, _ decay: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let parameter = try parameter(handle, index)
    rate.pointee = parameter.rateMultiplier
    decay.pointee = parameter.decayMultiplier
  }
}

@c @implementation
public func sax_network_require_finite(
  _ handle: OpaquePointer, _ which: Int32, _ operation: UnsafePointer<CChar>
) -> Int32 {
  status {
    try network(handle).requireFiniteParameters(
      operation: String(cString: operation), velocities: Int(which) == Int(SAX_VELOCITY))
  }
}
