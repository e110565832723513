import CShims
import CSwiftAlexNet
import Kernels
import Networks
import Parallel
import Tensors

@c @implementation
public func sax_get_runtime_info(_ info: UnsafeMutablePointer<sax_runtime_info>) -> Int32 {
  status {
    var result = sax_runtime_info()
    fill(&result.version, with: version)
    var brand = [CChar](repeating: 0, count: 64)
    shim_cpu_brand(&brand)
    fill(&result.cpu, with: String(decoding: brand.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    fill(&result.instruction_set, with: try KernelRegistry.selected.get().name)
    fill(&result.available, with: KernelRegistry.available.map(\.name).joined(separator: " "))
    let context = try ComputeContext()
    let precisions = Precision.available(in: context)
    fill(&result.precisions, with: precisions.map(\.rawValue).joined(separator: " "))
    fill(&result.auto_precision, with: Precision.automatic(in: context).rawValue)
    fill(&result.gemm, with: try context.gemm.name)
    fill(&result.int8_products, with: context.kernels.int8.isNative ? "vnni" : "widened")
    info.pointee = result
  }
}

@c @implementation
public func sax_get_version(_ text: UnsafeMutablePointer<CChar>, _ capacity: Int64) -> Int32 {
  status { try write(version, to: text, capacity: capacity) }
}

@c @implementation
public func sax_measure_fma_limits(_ limits: UnsafeMutablePointer<sax_fma_limits>) -> Int32 {
  status {
    let context = try ComputeContext()
    limits.pointee = sax_fma_limits(
      float32: try FMALimit.float32(context: context), bfloat16: try FMALimit.bfloat16(context: context) ?? 0,
      int8: try FMALimit.int8(context: context))
  }
}

@c @implementation
public func sax_measure_tile_rates(_ rates: UnsafeMutablePointer<Double>) -> Int32 {
  status {
    let measured = try TileRates.float32(context: try ComputeContext())
    rates.update(repeating: 0, count: TileRates.mostVectors * TileRates.mostRows)
    for (vectors, row) in measured.enumerated() {
      for (rows, rate) in row.enumerated() { rates[vectors * TileRates.mostRows + rows] = rate }
    }
  }
}

@c @implementation
public func sax_set_num_threads(_ count: Int64) -> Int32 {
  status { try ThreadPool.shared.setThreadCount(Int(count)) }
}

@c @implementation
public func sax_get_num_threads() -> Int64 { Int64(ThreadPool.shared.threadCount) }

@c @implementation
public func sax_set_interrupt_question(_ question: sax_question?) { Interrupt.setQuestion(question) }

@c @implementation
public func sax_allocation_count() -> Int64 { Int64(TensorMemory.allocationCount) }

@c @implementation
public func sax_fail_allocation_after(_ count: Int64) { TensorMemory.failAllocation(after: Int(count)) }
