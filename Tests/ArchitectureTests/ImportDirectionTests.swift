import Foundation
import XCTest

/// Reads the import lines of every source file: imports only go down.
final class ImportDirectionTests: XCTestCase {
  /// The package's own modules that each module may import. A module missing here fails the test.
  private static let mayImport: [String: Set<String>] = {
    let kernels: Set = ["CShims", "COpenBLAS", "Tensors", "Parallel", "KernelTemplates"]
    let instantiations: Set = [
      "KernelsPortable", "KernelsAVX2", "KernelsAVX512", "KernelsAVX512VNNI", "KernelsAVX512BF16", "KernelsAMX",
    ]
    let images: Set = ["CShims", "Tensors", "Parallel"]
    let networks = images.union(["CForkGate", "Kernels", "Imaging"])
    let engine = networks.union(["Networks"])
    let umbrella = engine.union(["Training", "Evaluation"])
    return [
      "CShims": [], "CInstructions": [], "COpenBLAS": [], "CForkGate": [], "Tensors": ["CForkGate", "CShims"],
      "Parallel": ["CForkGate", "CShims", "Tensors"],
      "KernelTemplates": ["CShims", "Tensors"], "KernelsPortable": ["KernelTemplates"],
      "KernelsAVX2": ["CInstructions", "KernelTemplates"], "KernelsAVX512": ["KernelTemplates"],
      "KernelsAVX512VNNI": ["CInstructions", "KernelTemplates"],
      "KernelsAVX512BF16": ["CInstructions", "KernelTemplates", "Tensors"],
      "KernelsAMX": ["CInstructions", "KernelTemplates"], "Kernels": kernels.union(instantiations),
      "Networks": networks, "Imaging": images, "Training": engine, "Evaluation": engine, "SwiftAlexNet": umbrella,
      "ModelFiles": ["Tensors", "Kernels", "Networks", "Imaging", "SwiftAlexNet"], "CSwiftAlexNet": [],
      "SwiftAlexNetABI": umbrella.union(["CSwiftAlexNet"]), "PythonExtension": ["CSwiftAlexNet"],
    ]
  }()
  /// Besides its own modules the engine uses only the standard library and libc.
  private static let system: Set = ["Swift", "Synchronization", "Glibc"]

  private let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  func testImportsGoDown() throws {
    let files = try sources(extension: "swift")
    XCTAssertGreaterThan(files.count, 30, "the test must find the sources")
    for (module, file) in files {
      guard let allowed = Self.mayImport[module] else {
        XCTFail("\(file.path): give module \(module) its place in the order")
        continue
      }
      for name in try imports(of: file) where !allowed.contains(name) && !Self.system.contains(name) {
        XCTFail("\(file.path) imports \(name): \(module) may not")
      }
    }
  }

  func testTheExtensionSeesOnlyTheABIAndPython() throws {
    let headers = try sources(extension: "h")
    let allowed: Set = ["PythonExtension", "CSwiftAlexNet"]
    let forbidden = Set(headers.filter { !allowed.contains($0.module) }.map(\.file.lastPathComponent))
    XCTAssertTrue(forbidden.contains("CShims.h"), "the test must find the headers")
    for (module, file) in try sources(extension: "c") + headers where module == "PythonExtension" {
      for include in try lines(of: file, after: "#include") {
        let path = include.trimmingCharacters(in: CharacterSet(charactersIn: "<>\" "))
        let name = path.split(separator: "/").last.map(String.init) ?? path
        XCTAssertFalse(forbidden.contains(name), "\(file.path) includes \(path)")
      }
    }
  }

  /// Python has a reader of its own, so nothing depends on this one but its tests.
  func testTheExtensionHasNoModelFiles() throws {
    let manifest = try String(contentsOf: root.appendingPathComponent("Package.swift"), encoding: .utf8)
    let places = [".library(name: \"ModelFiles\"", "name: \"ModelFiles\"", ".testTarget(name: \"ModelFilesTests\""]
    let lines = manifest.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { $0.contains("\"ModelFiles\"") }
    XCTAssertEqual(lines.count, places.count)
    for line in lines { XCTAssertTrue(places.contains(where: line.hasPrefix), line) }
  }

  func testThePackageKeepsTheChecks() throws {
    let manifest = try String(contentsOf: root.appendingPathComponent("Package.swift"), encoding: .utf8)
    XCTAssertFalse(manifest.contains("Ounchecked"), "a broken precondition must not become undefined behaviour")
  }

  private func sources(extension suffix: String) throws -> [(module: String, file: URL)] {
    let folder = root.appendingPathComponent("Sources")
    let enumerator = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return try XCTUnwrap(enumerator).compactMap { $0 as? URL }.filter { $0.pathExtension == suffix }.map { file in
      let path = file.path.dropFirst(folder.path.count + 1)
      return (String(path.prefix { $0 != "/" }), file)
    }
  }

  /// Module names of lines such as `public import struct Tensors.Shape` and `@testable import Kernels`.
  private func imports(of file: URL) throws -> [String] {
    let kinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
    return try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline).compactMap { line in
      let words = line.split(separator: " ").map(String.init)
      guard let at = words.firstIndex(of: "import"), at + 1 < words.count else { return nil }
      let modifiers = words[..<at]
      guard
        modifiers.allSatisfy({
          $0.hasPrefix("@") || ["public", "package", "internal", "private", "fileprivate"].contains($0)
        })
      else { return nil }
      let name = kinds.contains(words[at + 1]) && at + 2 < words.count ? words[at + 2] : words[at + 1]
      return String(name.prefix { $0 != "." && $0 != ";" })
    }
  }

  private func lines(of file: URL, after prefix: String) throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline).compactMap { line in
      let line = line.trimmingCharacters(in: .whitespaces)
      guard line.hasPrefix(prefix) else { return nil }
      return line.dropFirst(prefix.count).trimmingCharacters(in: .whitespaces)
    }
  }
}
