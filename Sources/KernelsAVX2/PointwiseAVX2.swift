import KernelTemplates

let avx2Pointwise = PointwiseKernels()
