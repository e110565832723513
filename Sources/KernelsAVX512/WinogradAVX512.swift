import KernelTemplates

private typealias V = SIMD16<Float>

let avx512Winograd = WinogradKernels(
  transformInputs: {
    WinogradTemplate.transformInputs(V.self, $0, strip: $1, rowStride: $2, tiles: $3, square: $4)
  },
  transformKernels: {
    WinogradTemplate.transformKernels(
      V.self, columns: $0, valid: $1, kernels: $2, tapStride: $3, transformed: $4, matrixStride: $5, square: $6)
  },
  transformOutputs: {
    WinogradTemplate.transformOutputs(
      V.self, $0, products: $1, bias: $2, relu: $3, output: $4, map: $5, square: $6)
  })
