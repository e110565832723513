import KernelTemplates

public let avx2Kernels = KernelTable(
  name: "avx2", matrix: avx2Matrix, pointwise: avx2Pointwise, winograd: avx2Winograd, quantized: avx2Quantized)
