// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "Classify",
  // In a program of your own: .package(url: "https://…/swift-alexnet", branch: "main"), or the path of a clone.
  dependencies: [.package(name: "swift-alexnet", path: "../..")],
  targets: [
    .executableTarget(
      name: "Classify",
      dependencies: [
        .product(name: "SwiftAlexNet", package: "swift-alexnet"),
        .product(name: "ModelFiles", package: "swift-alexnet"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
