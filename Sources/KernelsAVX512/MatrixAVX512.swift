import KernelTemplates

let avx512Matrix = MatrixKernels()
