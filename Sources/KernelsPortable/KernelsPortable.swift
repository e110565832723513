import KernelTemplates

public let portableKernels = KernelTable(
  name: "portable", matrix: portableMatrix, pointwise: portablePointwise, winograd: portableWinograd,
  quantized: portableQuantized)
