import KernelTemplates

private typealias V = SIMD4<Float>

let portablePointwise = PointwiseKernels(
  reluForward: { ElementwiseTemplate.reluForward(V.self, count: $0, x: $1, y: $2) },
  reluBackward: { ElementwiseTemplate.reluBackward(V.self, count: $0, y: $1, dy: $2, dx: $3) },
  scale: { ElementwiseTemplate.scale(V.self, count: $0, factor: $1, x: $2, y: $3) },
  divide: { ElementwiseTemplate.divide(V.self, count: $0, divisor: $1, x: $2, y: $3) },
  add: { ElementwiseTemplate.add(V.self, count: $0, x: $1, sum: $2) },
  addQuotient: { ElementwiseTemplate.addQuotient(V.self, count: $0, divisor: $1, x: $2, sum: $3) },
  firstNonFinite: { ElementwiseTemplate.firstNonFinite(V.self, count: $0, x: $1) },
  largestMagnitude: { ElementwiseTemplate.largestMagnitude(V.self, count: $0, x: $1) },
  tanhForward: { SquashingTemplate.tanhForward(V.self, count: $0, x: $1, y: $2) },
  tanhBackward: { SquashingTemplate.tanhBackward(V.self, count: $0, y: $1, dy: $2, dx: $3) },
  sigmoidForward: { SquashingTemplate.sigmoidForward(V.self, count: $0, x: $1, y: $2) },
  sigmoidBackward: { SquashingTemplate.sigmoidBackward(V.self, count: $0, y: $1, dy: $2, dx: $3) },
  dropout: { DropoutTemplate.apply(count: $0, mask: $1, firstBlock: $2, factor: $3, x: $4, y: $5) },
  maxPoolingForward: {
    MaxPoolingTemplate.forward(V.self, $0, row: $1, image: $2, output: $3, argument: $4)
  },
  maxPoolingBackward: {
    MaxPoolingTemplate.backward(V.self, $0, row: $1, outputGradient: $2, argument: $3, inputGradient: $4)
  },
  responseNormalizationForward: {
    ResponseNormalizationTemplate.forward(
      V.self, $0, lines: $1, input: $2, output: $3, scale: $4, scratch: $5)
  },
  responseNormalizationBackward: {
    ResponseNormalizationTemplate.backward(
      V.self, $0, lines: $1, input: $2, scale: $3, outputGradient: $4, inputGradient: $5, scratch: $6)
  },
  spatialNormalizationForward: {
    SpatialResponseNormalizationTemplate.forward(
      V.self, $0, rows: $1, window: $2, input: $3, output: $4, scale: $5, scratch: $6)
  },
  spatialNormalizationRatios: {
    SpatialResponseNormalizationTemplate.ratios(V.self, $0, count: $1, x: $2, s: $3, g: $4, direct: $5, ratio: $6)
  },
  spatialNormalizationBackward: {
    SpatialResponseNormalizationTemplate.backward(
      V.self, $0, rows: $1, window: $2, input: $3, inputGradient: $4, scratch: $5)
  },
  exponentials: { SoftmaxTemplate.exponentials(V.self, classes: $0, z: $1, output: $2) },
  sgdPaper: {
    SGDTemplate.paper(V.self, count: $0, rate: $1, momentum: $2, decay: $3, w: $4, v: $5, g: $6)
  },
  sgdPyTorch: {
    SGDTemplate.pytorch(V.self, count: $0, rate: $1, momentum: $2, decay: $3, w: $4, v: $5, g: $6)
  },
  sgdCaffe: {
    SGDTemplate.caffe(V.self, count: $0, rate: $1, momentum: $2, decay: $3, w: $4, v: $5, g: $6)
  },
  transpose: {
    TransposeTemplate.transpose(
      rows: $0, columns: $1, input: $2, inputStride: $3, output: $4, outputStride: $5)
  },
  transposeBFloat16: {
    TransposeTemplateBFloat16.transpose(
      rows: $0, columns: $1, input: $2, inputStride: $3, output: $4, outputStride: $5)
  })
