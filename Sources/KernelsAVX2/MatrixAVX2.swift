import KernelTemplates

let avx2Matrix = MatrixKernels()
