import TestSupport

@testable import Kernels

extension ConvolutionCase {
  /// Convolutions that Winograd's method computes: odd sizes, several groups, panels, blocks and segments of rows. A
  /// padding as large as the kernel leaves no correlation for the input gradient.
  static func winograd() throws -> [ConvolutionCase] {
    let uneven = Padding(top: 0, left: 2, bottom: 3, right: 1)
    var cases = try [
      ConvolutionCase("ragged", batch: 3, size: (13, 14), channels: (33, 50), kernel: (3, 3), padding: Padding(1)),
      ConvolutionCase(
        "groups", batch: 2, size: (13, 13), channels: (48, 80), kernel: (3, 3), padding: Padding(1), groups: 2),
      ConvolutionCase("conv2", batch: 2, size: (27, 27), channels: (64, 192), kernel: (5, 5), padding: Padding(2)),
      ConvolutionCase("many panels", batch: 2, size: (13, 14), channels: (20, 300), kernel: (3, 3), padding: uneven),
      ConvolutionCase("segments", size: (5, 311), channels: (16, 17), kernel: (3, 3), padding: Padding(1)),
      ConvolutionCase("VGG conv5", size: (14, 14), channels: (512, 64), kernel: (3, 3), padding: Padding(1)),
      ConvolutionCase("uneven padding", batch: 2, size: (9, 8), channels: (17, 65), kernel: (3, 3), padding: uneven),
      ConvolutionCase("wide padding", size: (6, 6), channels: (16, 20), kernel: (3, 3), padding: Padding(5)),
      ConvolutionCase("many blocks", batch: 40, size: (12, 28), channels: (16, 40), kernel: (3, 3)),
      ConvolutionCase(
        "5 × 5, groups", batch: 2, size: (12, 13), channels: (36, 50), kernel: (5, 5), padding: uneven, groups: 2),
      ConvolutionCase("5 × 5, segments", size: (6, 199), channels: (16, 16), kernel: (5, 5), padding: Padding(2)),
      ConvolutionCase("conv1", batch: 2, size: (227, 227), channels: (3, 96), kernel: (11, 11), stride: (4, 4)),
      ConvolutionCase(
        "strides, uneven padding", batch: 2, size: (62, 45), channels: (3, 50), kernel: (12, 12), stride: (4, 4),
        padding: uneven),
      ConvolutionCase(
        "strides, groups", batch: 2, size: (29, 31), channels: (12, 40), kernel: (5, 5), stride: (2, 2),
        padding: Padding(2), groups: 2),
      ConvolutionCase(
        "5 × 5 strides, segments", size: (14, 398), channels: (5, 17), kernel: (9, 9), stride: (2, 2),
        padding: Padding(4)),
      ConvolutionCase(
        "much padding", size: (6, 7), channels: (2, 16), kernel: (8, 8), stride: (3, 3), padding: Padding(9)),
    ]
    for size in 3...12 {
      cases.append(try ConvolutionCase("size \(size)", size: (size, 15 - size), channels: (16, 16), kernel: (3, 3)))
      cases.append(
        try ConvolutionCase(
          "5 × 5, size \(size)", size: (size, 15 - size), channels: (16, 16), kernel: (5, 5), padding: Padding(1)))
    }
    return cases
  }

  /// Calls `check` with convolutions of any number of images, on every instruction set: with many panels, for which the
  /// tiles of one image are transformed beforehand, and with few.
  static func forEachWinograd(
    channels: [(counts: (Int, Int), groups: Int)], strides: KeyValuePairs<Int, Int> = [3: 1, 5: 1],
    _ check: (_ images: (Int) throws -> ConvolutionCase, _ context: ComputeContext, _ name: String) throws -> Void
  ) throws {
    for (counts, groups) in channels {
      for (kernel, stride) in strides {
        let images = { batch in
          try ConvolutionCase(
            "", batch: batch, size: (13 * stride, 14 * stride), channels: counts, kernel: (kernel, kernel),
            stride: (stride, stride), padding: Padding(1), groups: groups)
        }
        for variant in KernelVariant.all(withOpenBLAS: false) {
          try check(images, variant.context, "\(counts), \(kernel) × \(kernel), stride \(stride), \(variant.name)")
        }
      }
    }
  }
}
