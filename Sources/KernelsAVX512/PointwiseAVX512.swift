import KernelTemplates

let avx512Pointwise = PointwiseKernels()
