import KernelTemplates

let avx512Quantized = QuantizedKernels(
  addWeightedRows: { addWeightedRows($0, fused: true, as: SIMD16<Float>.self) },
  widenPanels: { widenPanels($0, as: SIMD16<Float>.self) },
  raiseToMagnitudes: { raiseToMagnitudes($0, $1, $2) },
  quantize: { quantize($0, $1, $2, $3) })
