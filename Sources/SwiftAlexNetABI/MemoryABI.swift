import CSwiftAlexNet
import Networks
import Tensors
import Training

extension sax_memory_use {
  fileprivate init(_ use: MemoryUse) {
    self.init(
      weights: Int64(use.weights), gradients: Int64(use.gradients), velocities: Int64(use.velocities),
      activations: Int64(use.activations), scratch: Int64(use.scratch))
  }
}

@c @implementation
public func sax_network_memory(
  _ handle: OpaquePointer, _ batch: Int64, _ training: Int32, _ arithmetic: UnsafePointer<sax_arithmetic>,
  _ result: UnsafeMutablePointer<sax_memory_use>
) -> Int32 {
  status {
    let batch = try Argument.size(batch, "memory: batch")
    result.pointee = sax_memory_use(
      try network(handle).memory(
        batch: batch, training: training != 0,
        arithmetic: try Arithmetic(arithmetic.pointee, operation: "memory")))
  }
}

@c @implementation
public func sax_spec_memory(
  _ spec: UnsafePointer<CChar>, _ batch: Int64, _ training: Int32, _ arithmetic: UnsafePointer<sax_arithmetic>,
  _ result: UnsafeMutablePointer<sax_memory_use>
) -> Int32 {
  status {
    let spec = try NetworkSpec(text: String(cString: spec))
    let batch = try Argument.size(batch, "memory: batch")
    result.pointee = sax_memory_use(
      try Network.memory(
        of: spec, batch: batch, training: training != 0,
        arithmetic: try Arithmetic(arithmetic.pointee, operation: "memory")))
  }
}

@c @implementation
public func sax_network_release_memory(_ handle: OpaquePointer) -> Int32 {
  status { try network(handle).releaseMemory() }
}

@c @implementation
public func sax_live_bytes() -> Int64 { Int64(TensorMemory.liveBytes) }

@c @implementation
public func sax_peak_bytes() -> Int64 { Int64(TensorMemory.peakBytes) }

@c @implementation
public func sax_reset_peak_bytes() { TensorMemory.resetPeak() }

@c @implementation
public func sax_available_bytes() -> Int64 { MemoryBudget.availableBytes().map(Int64.init) ?? -1 }
