import KernelTemplates

let portableMatrix = MatrixKernels()
