import KernelTemplates

let avx2Quantized = QuantizedKernels(
  addWeightedRows: { addWeightedRows($0, fused: true, as: SIMD8<Float>.self) },
  widenPanels: { widenPanels($0, as: SIMD8<Float>.self) },
  raiseToMagnitudes: { raiseToMagnitudes($0, $1, $2) },
  quantize: { quantize($0, $1, $2, $3) })
