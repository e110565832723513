/// The table. Run numbers are those of the authors' own code (computerhistory/AlexNet-Source-Code, layers/); run 145
/// is the paper's network: its logged errors are the paper's to every printed digit.
extension AlexNet {
  public static let variants = [
    AlexNet(
      name: "paper", summary: "Krizhevsky, Sutskever, Hinton 2012, section 3, as printed", initialization: .paper,
      preprocessing: .paper,
      stages: stages(groups: 2, first: .roundingUp, then: [.relu, .norm, .pool]), pool: .overlapping,
      head: .dropoutBehind(.paper2012)),
    AlexNet(
      name: "chm145", summary: "the paper's network as its authors ran it (run 145): norms within a tower",
      initialization: .chm145, stages: run145, pool: .roundedUp, norm: .run145, head: .dropoutBehind(.paper2012)),
    AlexNet(
      name: "one_gpu", summary: "run 145-half, the one-GPU net of section 3.2: half the kernels, no towers",
      initialization: .chm145,
      stages: [
        Stage(48, kernel: 11, stride: 4, padding: .roundingUp, then: [.norm, .pool, .relu]),
        Stage(128, kernel: 5, padding: .uniform(2), then: [.relu, .norm, .spatialNorm, .pool]),
        Stage(192, kernel: 3, padding: .uniform(1), then: [.relu]),
        Stage(192, kernel: 3, padding: .uniform(1), then: [.relu]),
        Stage(256, kernel: 3, padding: .uniform(1), then: [.pool, .relu]),
      ], pool: .roundedUp, norm: Norm(k: 2, alphaOverN: true, groups: 1), head: .dropoutBehind(.paper2012)),
    AlexNet(
      name: "no_lrn", summary: "run 148, the ablation of section 3.3: run 145 without its three norms",
      initialization: .chm145,
      stages: [
        Stage(96, kernel: 11, stride: 4, padding: .roundingUp, then: [.pool, .relu]),
        Stage(256, kernel: 5, padding: .uniform(2), groups: 2, then: [.relu, .pool]),
      ] + run145[2...], pool: .roundedUp, head: .dropoutBehind(.paper2012)),
    AlexNet(
      name: "non_overlapping", summary: "run 147, the ablation of section 3.4: pools of 2×2, stride 2",
      initialization: .chm145,
      stages: [
        run145[0],
        Stage(256, kernel: 5, padding: .uniform(1), groups: 2, then: [.relu, .norm, .spatialNorm, .pool]),
        run145[2], run145[3],
        Stage(256, kernel: 3, padding: .uniform(0), groups: 2, then: [.pool, .relu]),
      ], pool: Pool(size: 2, stride: 2, ceilMode: true), norm: .run145, head: .dropoutBehind(.paper2012)),
    AlexNet(
      name: "towers_apart", summary: "run 150: run 145 with towers that never communicate, conv2 widened to 2×160",
      initialization: .chm145,
      stages: [
        run145[0],
        Stage(320, kernel: 5, padding: .uniform(2), groups: 2, then: [.relu, .norm, .spatialNorm, .pool]),
        Stage(384, kernel: 3, padding: .uniform(1), groups: 2, then: [.relu]),
        run145[3], run145[4],
      ], pool: .roundedUp, norm: .run145, head: .towersApart(fc6: 8192, fc7: 4096)),
    AlexNet(
      name: "conv6", summary: "run 146, the pre-trained nets of section 6: a sixth convolution over both towers",
      classes: 10_184, initialization: .chm145,
      stages: run145 + [Stage(256, kernel: 3, padding: .uniform(1), then: [.relu])], pool: .roundedUp,
      norm: .run145, head: .dropoutBehind(.paper2012)),
    AlexNet(
      name: "caffe", summary: "BVLC bvlc_alexnet: LRN alpha/n with k = 1, inverted dropout", imageSize: 227,
      initialization: .caffe, preprocessing: .caffe,
      stages: stages(groups: 2, first: .uniform(0), then: [.relu, .norm, .pool]),
      pool: .roundedUp, norm: .caffe, head: .dropoutBehind(.inverted)),
    AlexNet(
      name: "caffenet", summary: "BVLC bvlc_reference_caffenet: pooling before LRN", imageSize: 227,
      initialization: .caffenet, preprocessing: .caffe,
      stages: stages(groups: 2, first: .uniform(0), then: [.relu, .pool, .norm]),
      pool: .roundedUp, norm: .caffe, head: .dropoutBehind(.inverted)),
    AlexNet(
      name: "one_tower", summary: "the paper's net without the division into two towers", initialization: .paper,
      preprocessing: .paper,
      stages: stages(groups: 1, first: .roundingUp, then: [.relu, .norm, .pool]),
      pool: .overlapping, head: .dropoutBehind(.paper2012)),
    AlexNet(
      name: "owt", summary: "Krizhevsky 2014, “One weird trick”, as torchvision.models.alexnet",
      initialization: .torchvision, preprocessing: .torchvision, namings: [.torchvision],
      stages: stages([64, 192, 384, 256, 256], groups: 1, first: .uniform(2), then: [.relu, .pool]),
      pool: .overlapping,
      head: .adaptiveDropoutBefore),
    AlexNet(
      name: "d2l", summary: "Dive into Deep Learning, section 8.1: one channel, ten classes, no norms", classes: 10,
      channels: 1, initialization: .glorot, preprocessing: .diveIntoDeepLearning,
      stages: stages(groups: 1, first: .uniform(1), then: [.relu, .pool]), pool: .overlapping,
      head: .dropoutBehind(.inverted)),
  ]

  private static let run145 = [
    Stage(96, kernel: 11, stride: 4, padding: .roundingUp, then: [.norm, .pool, .relu]),
    Stage(256, kernel: 5, padding: .uniform(2), groups: 2, then: [.relu, .norm, .spatialNorm, .pool]),
    Stage(384, kernel: 3, padding: .uniform(1), then: [.relu]),
    Stage(384, kernel: 3, padding: .uniform(1), groups: 2, then: [.relu]),
    Stage(256, kernel: 3, padding: .uniform(1), groups: 2, then: [.pool, .relu]),
  ]

  /// Convolutions of the paper's sizes, section 3.5: `groups` is the number of towers.
  private static func stages(
    _ outputs: [Int] = [96, 256, 384, 384, 256], groups: Int, first: StagePadding, then: [Stage.Step]
  ) -> [Stage] {
    [
      Stage(outputs[0], kernel: 11, stride: 4, padding: first, then: then),
      Stage(outputs[1], kernel: 5, padding: .uniform(2), groups: groups, then: then),
      Stage(outputs[2], kernel: 3, padding: .uniform(1), then: [.relu]),
      Stage(outputs[3], kernel: 3, padding: .uniform(1), groups: groups, then: [.relu]),
      Stage(outputs[4], kernel: 3, padding: .uniform(1), groups: groups, then: [.relu, .pool]),
    ]
  }
}

extension AlexNet.Pool {
  /// 3 × 3, stride 2, in whole windows: the paper, section 3.4.
  static let overlapping = AlexNet.Pool(size: 3, stride: 2, ceilMode: false)
  /// The same with windows past the edge, as in cuda-convnet and Caffe; at 224 and 227 pixels there are none.
  static let roundedUp = AlexNet.Pool(size: 3, stride: 2, ceilMode: true)
}
