import KernelTemplates

private typealias V = SIMD4<Float>

let portableWinograd = WinogradKernels(
  transformInputs: {
    WinogradTemplate.transformInputs(V.self, $0, strip: $1, rowStride: $2, tiles: $3, square: $4)
  },
  transformKernels: {
    WinogradTemplate.transformKernels(
      V.self, columns: $0, kernels: $1, tapStride: $2, transformed: $3, matrixStride: $4, square: $5)
  },
  transformOutputs: {
    WinogradTemplate.transformOutputs(
      V.self, $0, products: $1, bias: $2, relu: $3, output: $4, map: $5, square: $6)
  })
