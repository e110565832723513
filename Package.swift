// swift-tools-version: 6.2
//
// The map of the Swift side. Imports only go down this list; `Tests/ArchitectureTests` reads the import
// lines and fails on an arrow that points up.

import PackageDescription

// A kernel target is compiled for its instruction set and for no other; nothing else in the package is.
// `-Xcc` reaches Swift's code generation too, so one flag serves both compilers.
// Without `-fno-math-errno` a square root tests for negative numbers and may call the C library; no kernel
// reads errno, and with it a square root is one vector instruction.
let portable: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-fno-math-errno"])]
let avx2: [SwiftSetting] = portable + [.unsafeFlags(["-Xcc", "-march=x86-64-v3"])]
let avx512: [SwiftSetting] =
  portable + [.unsafeFlags(["-Xcc", "-march=x86-64-v4", "-Xcc", "-mprefer-vector-width=512"])]

// Products of bytes and of bfloat16. `CInstructions` declares an instruction only where the flags allow it, so VNNI,
// AVX512-BF16 and AMX have a target each; processors with AMX have the others, too, and those with BF16 have VNNI.
let avx512VNNI: [SwiftSetting] = avx512 + [.unsafeFlags(["-Xcc", "-mavx512vnni"])]
let avx512BF16: [SwiftSetting] = avx512 + [.unsafeFlags(["-Xcc", "-mavx512bf16"])]
let amx: [SwiftSetting] = avx512BF16 + [.unsafeFlags(["-Xcc", "-mamx-tile", "-Xcc", "-mamx-bf16"])]

let package = Package(
  name: "swift-alexnet",
  products: [
    .library(name: "SwiftAlexNet", targets: ["SwiftAlexNet"]),
    .library(name: "ModelFiles", targets: ["ModelFiles"]),
  ],
  targets: [
    // MARK: Foundations
    .target(name: "CShims"),
    .target(name: "CInstructions"),
    .target(name: "COpenBLAS"),
    .target(name: "CForkGate"),
    .target(name: "Tensors", dependencies: ["CForkGate", "CShims"]),
    .target(name: "Parallel", dependencies: ["CForkGate", "CShims", "Tensors"]),

    // MARK: Kernels, one algorithm and one target per instruction set
    .target(name: "KernelTemplates", dependencies: ["CShims", "Tensors"]),
    .target(name: "KernelsPortable", dependencies: ["KernelTemplates"], swiftSettings: portable),
    .target(name: "KernelsAVX2", dependencies: ["CInstructions", "KernelTemplates"], swiftSettings: avx2),
    .target(name: "KernelsAVX512", dependencies: ["KernelTemplates"], swiftSettings: avx512),
    .target(
      name: "KernelsAVX512VNNI", dependencies: ["CInstructions", "KernelTemplates"], swiftSettings: avx512VNNI),
    .target(
      name: "KernelsAVX512BF16", dependencies: ["CInstructions", "KernelTemplates", "Tensors"],
      swiftSettings: avx512BF16),
    .target(name: "KernelsAMX", dependencies: ["CInstructions", "KernelTemplates"], swiftSettings: amx),
    .target(
      name: "Kernels",
      dependencies: [
        "CShims", "COpenBLAS", "Tensors", "Parallel", "KernelTemplates",
        "KernelsPortable", "KernelsAVX2", "KernelsAVX512", "KernelsAVX512VNNI", "KernelsAVX512BF16", "KernelsAMX",
      ],
      linkerSettings: [.linkedLibrary("m")]),

    // MARK: Images, networks and what is done with them
    .target(name: "Imaging", dependencies: ["CShims", "Parallel", "Tensors"]),
    .target(name: "Networks", dependencies: ["CForkGate", "Imaging", "Kernels", "Parallel", "Tensors"]),
    .target(name: "Training", dependencies: ["Networks", "Imaging", "Kernels", "Parallel", "Tensors"]),
    .target(name: "Evaluation", dependencies: ["Networks", "Kernels", "Imaging", "Parallel", "Tensors"]),

    // MARK: Faces: the Swift umbrella, its model files, and the C ABI
    .target(
      name: "SwiftAlexNet",
      dependencies: ["Tensors", "Parallel", "Kernels", "Networks", "Imaging", "Training", "Evaluation"]),
    .target(
      name: "ModelFiles", dependencies: ["Tensors", "Kernels", "Networks", "Imaging", "SwiftAlexNet"]),
    .target(name: "CSwiftAlexNet"),
    .target(
      name: "SwiftAlexNetABI",
      dependencies: [
        "CForkGate", "CShims", "CSwiftAlexNet", "Tensors", "Parallel", "Kernels", "Networks", "Imaging", "Training",
        "Evaluation",
      ]),

    // MARK: Tests, mirroring Sources
    .target(
      name: "TestSupport", dependencies: ["Kernels", "KernelTemplates", "Tensors"], path: "Tests/TestSupport"),
    .testTarget(name: "ArchitectureTests"),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "TestSupport"]),
    .testTarget(name: "ParallelTests", dependencies: ["CForkGate", "Parallel", "TestSupport"]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "KernelTemplates", "TestSupport"]),
    .testTarget(name: "NetworksTests", dependencies: ["Networks", "TestSupport"]),
    .testTarget(name: "ImagingTests", dependencies: ["Imaging", "TestSupport"]),
    .testTarget(name: "TrainingTests", dependencies: ["Training", "TestSupport"]),
    .testTarget(name: "EvaluationTests", dependencies: ["Evaluation", "TestSupport"]),
    .testTarget(name: "SwiftAlexNetTests", dependencies: ["SwiftAlexNet"]),
    .testTarget(name: "ModelFilesTests", dependencies: ["ModelFiles"]),
    .testTarget(name: "SwiftAlexNetABITests", dependencies: ["SwiftAlexNetABI", "CSwiftAlexNet"]),
  ],
  swiftLanguageModes: [.v6]
)

// Without optimisation the engine is some hundred times slower, too slow to try anything: what computes is optimised
// in debug builds of a program, too.
for target in package.targets where target.type == .regular {
  target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-O"], .when(configuration: .debug))]
}

// The Python extension exists only when the wheel's build hook asks for it, so that a Swift program's
// `swift build` needs no Python headers.
if let include = Context.environment["SWIFTALEXNET_PYTHON_INCLUDE"] {
  package.targets.append(
    .target(
      name: "PythonExtension", dependencies: ["CSwiftAlexNet"], cSettings: [.unsafeFlags(["-I\(include)"])]))
  package.products.append(
    .library(name: "_native", type: .dynamic, targets: ["PythonExtension", "SwiftAlexNetABI"]))
}
