import KernelTemplates

let portablePointwise = PointwiseKernels()
