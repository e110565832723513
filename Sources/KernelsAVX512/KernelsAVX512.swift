import KernelTemplates

public let avx512Kernels = KernelTable(
  name: "avx512", matrix: avx512Matrix, pointwise: avx512Pointwise, winograd: avx512Winograd, quantized: avx512Quantized
)
