import Foundation
import ModelFiles
import SwiftAlexNet

/// The command: classifies an image with a model that Python trained and saved.
///
///     Classify MODEL.safetensors IMAGE.rgb WIDTH HEIGHT
///
/// IMAGE.rgb holds rows of pixels, each a byte of red, green and blue. For every class it prints a line with its name,
/// its probability, and the bits of that number, which are those that Python computes.
@main
struct Classify {
  static func main() {
    do {
      try classify(Array(CommandLine.arguments.dropFirst()))
    } catch {
      FileHandle.standardError.write(Data("Classify: \(error)\n".utf8))
      exit(1)
    }
  }

  static func classify(_ arguments: [String]) throws {
    guard arguments.count == 4, let width = Int(arguments[2]), let height = Int(arguments[3]) else {
      throw Refusal("usage: Classify MODEL.safetensors IMAGE.rgb WIDTH HEIGHT")
    }
    let model = try Model(contentsOf: arguments[0])

    // The engine does not resize, and a model answers only for images of the size that it was trained on.
    let side = model.resizing.side
    guard (width, height) == (side, side) else {
      throw Refusal(
        "the model reads images resized to \(side)×\(side) (\(model.resizing.resampling.rawValue)), "
          + "\(arguments[1]) has \(width)×\(height)")
    }
    let pixels = try [UInt8](Data(contentsOf: URL(fileURLWithPath: arguments[1])))
    let image = try Image(
      pixels: pixels, height: height, width: width, channels: model.network.spec.input.channels)

    for (name, probability) in zip(model.classes, try model.probabilities([image])) {
      let bits = String(probability.bitPattern, radix: 16)
      print(name, probability, String(repeating: "0", count: 8 - bits.count) + bits)
    }
  }

  struct Refusal: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
  }
}
