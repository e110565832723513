import KernelTemplates

private typealias V = SIMD16<Float>

let avx512Winograd = WinogradKernels(
  transformInputs: {
    WinogradTemplate.transformInputs(V.self, $0, strip: $1, rowStride: $2, tiles: $3, square: $4)
  },
  transformKernels: {
    WinogradTemplate.transformKernels(
      V.self, taps: $0, columns: $1, valid: $2, kernels: $3, tapStride: $4, transformed: $5, matrixStride: $6,
      square: $7)
  },
  transformOutputs: {
    WinogradTemplate.transformOutputs(
      V.self, $0, products: $1, bias: $2, relu: $3, output: $4, map: $5, square: $6)
  })
