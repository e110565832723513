import Kernels
import Tensors
import XCTest

@testable import Networks

final class NetworkSpecVariationsTests: XCTestCase {
  private func names(_ spec: NetworkSpec) -> String { spec.nodes.map(\.name).joined(separator: " ") }

  func testAnotherActivationEverywhere() throws {
    let spec = try CIFARNet.variant("80sec").spec()
    let tanh = spec.with(activation: .tanh)
    XCTAssertEqual(
      names(tanh), "conv1 pool1 tanh1 conv2 tanh2 pool2 conv3 tanh3 pool3 fc64 tanh64 fc10 prob")
    XCTAssertEqual(tanh.nodes[2].operation, .tanh)
    XCTAssertEqual(spec.with(activation: .sigmoid).nodes[2], NodeSpec("sigmoid1", .sigmoid))
    XCTAssertEqual(spec.with(activation: .relu), spec)
    XCTAssertNoThrow(try tanh.makeLayers())
    XCTAssertEqual(
      try AlexNet.variant("conv6").spec().with(activation: .tanh).nodes.first {
        $0.name.contains("conv6") && $0.operation == .tanh
      }?
      .name, "tanh_conv6")
  }

  func testAConvolutionGoesWithItsActivation() throws {
    let paper = try AlexNet.variant("paper").spec(classes: 5)
    XCTAssertEqual(
      names(try paper.without(["conv4", "drop6"])),
      "conv1 relu1 norm1 pool1 conv2 relu2 norm2 pool2 conv3 relu3 conv5 relu5 pool5 fc6 relu6 fc7 relu7 drop7 fc8 prob"
    )
    // In the authors' run the activation follows the pool.
    let run = try AlexNet.variant("chm145").spec(classes: 5)
    XCTAssertEqual(
      names(try run.without(["conv5"])),
      "conv1 norm1 pool1 relu1 conv2 relu2 norm2 spatial_norm2 pool2 conv3 relu3 conv4 relu4 pool5 fc6 relu6 drop6 "
        + "fc7 relu7 drop7 fc8 prob")
    XCTAssertEqual(try paper.without(["conv4", "relu4"]), try paper.without(["conv4"]))
    XCTAssertEqual(try paper.without([]), paper)
    XCTAssertEqual(
      try run.without(["norm1", "norm2", "spatial_norm2"]).nodes, try AlexNet.variant("no_lrn").spec(classes: 5).nodes)
  }

  /// Section 7 of the paper: any middle layer may be removed, and what follows it still fits.
  func testEveryMiddleLayerMayGo() throws {
    for variant in AlexNet.variants {
      let spec = try variant.spec(classes: 5)
      for layer in ["conv2", "conv3", "conv4", "conv5", "fc6", "fc7"] {
        XCTAssertNoThrow(try spec.without([layer]).makeLayers(), "\(variant.name) without \(layer)")
      }
    }
  }

  func testWholeMapConvolutionsFollowTheirMap() throws {
    let spec = try AlexNet.variant("towers_apart").spec(classes: 5)
    let wider = try spec.without(["pool5"])
    let fc6 = try XCTUnwrap(wider.nodes.first { $0.name == "fc6" })
    XCTAssertEqual((fc6.operation.spec as? ConvolutionSpec)?.kernel, 13)
    XCTAssertEqual(try wider.outputShapes().last, FeatureShape(vector: 5))
  }

  /// Every kind of pool adopts the rounding, and a convolution over the whole map adapts.
  func testPoolsAreRoundedAsAsked() throws {
    for variant in Catalog.all {
      let spec = try variant.spec()
      for ceilMode in [false, true] {
        let other = try spec.with(ceilMode: ceilMode)
        let pools = zip(spec.nodes, other.nodes).filter { $0.0.operation.kind.hasSuffix("_pool") }
        XCTAssertFalse(pools.isEmpty)
        for case (let node, let changed) in pools where node.operation != changed.operation {
          XCTAssertTrue(other.text.contains("\(changed.operation.kind) \(changed.name) "))
          XCTAssertEqual(try spec.with(ceilMode: !ceilMode), spec, variant.name)
        }
        XCTAssertEqual(other.text.contains("ceil=\(ceilMode ? 0 : 1)"), false, variant.name)
        XCTAssertNoThrow(try other.outputShapes(), variant.name)
      }
    }
    let apart = try AlexNet.variant("towers_apart").spec(classes: 5, imageSize: 230, ceilMode: false)
    XCTAssertEqual(try apart.outputShapes().last, FeatureShape(vector: 5))
  }

  func testRefusals() throws {
    let spec = try CIFARNet.variant("80sec").spec()
    XCTAssertThrowsError(try spec.without(["conv9"])) { error in
      XCTAssertTrue("\(error)".contains("no node 'conv9', expected some of conv1, pool1, relu1"), "\(error)")
    }
    XCTAssertThrowsError(try spec.without(["fc10"])) { error in
      XCTAssertTrue("\(error)".contains("'fc10' makes the classes"), "\(error)")
    }
    XCTAssertThrowsError(try ActivationKind.named("gelu")) { error in
      XCTAssertTrue("\(error)".contains("relu, tanh, sigmoid"), "\(error)")
    }
  }
}
