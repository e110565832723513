import CSwiftAlexNet
import Networks
import Tensors

@c @implementation
public func sax_network_forward(
  _ handle: OpaquePointer, _ x: UnsafePointer<Float>, _ batch: Int64, _ layout: Int32, _ keep: Int32,
  _ training: Int32, _ seed: UInt64, _ step: UInt64, _ arithmetic: UnsafePointer<sax_arithmetic>,
  _ logits: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let (batch, layout) = (try Argument.size(batch, "forward: batch"), try Argument.layout(layout))
    let arithmetic = try Arithmetic(arithmetic.pointee, operation: "forward")
    guard keep != 0 else {
      guard training == 0 else {
        throw EngineError.invalidValue("forward: training without keep; dropout acts only in a pass that is kept")
      }
      return try network(handle).forward(x, batch: batch, layout: layout, arithmetic: arithmetic, into: logits)
    }
    try network(handle).forwardKeeping(
      x, batch: batch, layout: layout, dropout: training != 0 ? DropoutKey(seed: seed, step: step) : nil,
      arithmetic: arithmetic, into: logits)
  }
}

@c @implementation
public func sax_network_get_output_shape(
  _ handle: OpaquePointer, _ node: UnsafePointer<CChar>, _ height: Int64, _ width: Int64,
  _ shape: UnsafeMutablePointer<Int64>
) -> Int32 {
  status {
    let output = try network(handle).outputShape(
      of: String(cString: node), height: try Argument.size(height, "capture: height"),
      width: try Argument.size(width, "capture: width"), operation: "capture")
    write(output, to: shape)
  }
}

@c @implementation
public func sax_network_capture(
  _ handle: OpaquePointer, _ x: UnsafePointer<Float>, _ batch: Int64, _ height: Int64, _ width: Int64,
  _ layout: Int32, _ names: UnsafePointer<UnsafePointer<CChar>>, _ count: Int64,
  _ arithmetic: UnsafePointer<sax_arithmetic>,
  _ outputs: UnsafePointer<UnsafeMutablePointer<Float>>
) -> Int32 {
  status {
    let names = try Argument.names(names, count, "capture: number of names")
    try network(handle).capture(
      names, of: x, batch: try Argument.size(batch, "capture: batch"),
      height: try Argument.size(height, "capture: height"), width: try Argument.size(width, "capture: width"),
      layout: try Argument.layout(layout), arithmetic: try Arithmetic(arithmetic.pointee, operation: "capture"),
      into: names.indices.map { outputs[$0] })
  }
}

@c @implementation
public func sax_network_capture_features(
  _ handle: OpaquePointer, _ after: UnsafePointer<CChar>, _ features: UnsafePointer<Float>, _ batch: Int64,
  _ layout: Int32, _ names: UnsafePointer<UnsafePointer<CChar>>, _ count: Int64,
  _ arithmetic: UnsafePointer<sax_arithmetic>, _ outputs: UnsafePointer<UnsafeMutablePointer<Float>>
) -> Int32 {
  status {
    let names = try Argument.names(names, count, "capture: number of names")
    try network(handle).capture(
      names, features: features, after: String(cString: after), batch: try Argument.size(batch, "capture: batch"),
      layout: try Argument.layout(layout), arithmetic: try Arithmetic(arithmetic.pointee, operation: "capture"),
      into: names.indices.map { outputs[$0] })
  }
}

@c @implementation
public func sax_network_non_finite_cause(
  _ handle: OpaquePointer, _ x: UnsafePointer<Float>, _ layout: Int32, _ arithmetic: UnsafePointer<sax_arithmetic>,
  _ text: UnsafeMutablePointer<CChar>, _ capacity: Int64
) -> Int32 {
  status {
    let cause = try network(handle).nonFiniteCause(
      x, layout: try Argument.layout(layout),
      arithmetic: try Arithmetic(arithmetic.pointee, operation: "non_finite_cause"))
    try write(cause, to: text, capacity: capacity)
  }
}

@c @implementation
public func sax_network_backward(
  _ handle: OpaquePointer, _ dlogits: UnsafePointer<Float>, _ batch: Int64, _ layout: Int32, _ accumulate: Int32,
  _ dx: UnsafeMutablePointer<Float>?
) -> Int32 {
  status {
    try network(handle).backward(
      dlogits, batch: try Argument.size(batch, "backward: batch"), layout: try Argument.layout(layout),
      accumulate: accumulate != 0, inputGradient: dx)
  }
}
