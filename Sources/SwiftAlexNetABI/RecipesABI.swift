import CSwiftAlexNet
import Imaging
import Tensors
import Training

@c @implementation
public func sax_recipes(_ text: UnsafeMutablePointer<CChar>, _ capacity: Int64) -> Int32 {
  status { try write(Recipe.known.map(\.name).joined(separator: " "), to: text, capacity: capacity) }
}

@c @implementation
public func sax_recipe(
  _ name: UnsafePointer<CChar>, _ text: UnsafeMutablePointer<CChar>, _ capacity: Int64
) -> Int32 {
  status { try write(try Recipe.named(String(cString: name)).text, to: text, capacity: capacity) }
}

@c @implementation
public func sax_shuffle(_ count: Int64, _ seed: UInt64, _ epoch: UInt64, _ order: UnsafeMutablePointer<Int64>) -> Int32
{
  status {
    guard (0...Argument.maximumSize).contains(count) else {
      throw EngineError.invalidValue("shuffle: got \(count) images, expected 0 to \(Argument.maximumSize)")
    }
    try order.withMemoryRebound(to: Int.self, capacity: Int(count)) {
      try ImageOrder.shuffle(UnsafeMutableBufferPointer(start: $0, count: Int(count)), seed: seed, epoch: epoch)
    }
  }
}

@c @implementation
public func sax_color_components(_ text: UnsafeMutablePointer<CChar>, _ capacity: Int64) -> Int32 {
  status { try write(ColorComponents.ilsvrc.text, to: text, capacity: capacity) }
}
