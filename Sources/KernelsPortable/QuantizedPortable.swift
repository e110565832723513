import KernelTemplates

let portableQuantized = QuantizedKernels(
  addWeightedRows: { addWeightedRows($0, fused: false, as: SIMD4<Float>.self) },
  widenPanels: { widenPanels($0, as: SIMD4<Float>.self) },
  raiseToMagnitudes: { raiseToMagnitudes($0, $1, $2) },
  quantize: { quantize($0, $1, $2, $3) })
