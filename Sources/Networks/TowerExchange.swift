import Tensors

/// Feature maps of the towers, [pixels][channels] each.
public enum TowerExchange {
  /// Puts the towers' channels side by side.
  public static func join(
    _ parts: [UnsafePointer<Float>], pixels: Int, channels: Int, into whole: UnsafeMutablePointer<Float>
  ) {
    for pixel in 0..<pixels {
      for (tower, part) in parts.enumerated() {
        (whole + (pixel * parts.count + tower) * channels).update(from: part + pixel * channels, count: channels)
      }
    }
  }

  /// Takes some channels of every pixel.
  public static func take(
    _ range: Range<Int>, of whole: UnsafePointer<Float>, pixels: Int, channels: Int,
    into part: UnsafeMutablePointer<Float>
  ) {
    for pixel in 0..<pixels {
      (part + pixel * range.count).update(from: whole + (pixel * channels + range.lowerBound), count: range.count)
    }
  }

  /// The other way: writes a part to its channels of every pixel.
  public static func put(
    _ part: UnsafePointer<Float>, pixels: Int, channels: Int, into range: Range<Int>,
    of whole: UnsafeMutablePointer<Float>
  ) {
    for pixel in 0..<pixels {
      (whole + (pixel * channels + range.lowerBound)).update(from: part + pixel * range.count, count: range.count)
    }
  }
}

extension Network {
  /// Fills this network, built from a segment of `tower`, with that tower's part of the whole network's parameters.
  /// - Throws: ``EngineError/invalidValue(_:)`` when the layers are not parts of the whole network's.
  public func copyParameters(tower: Int, from whole: Network) throws {
    for shared in try sharedParameters(tower: tower, of: whole) {
      shared.part.withMutableValues {
        guard let values = $0.baseAddress else { return }
        TowerExchange.take(
          shared.outputs, of: shared.whole.value.pointer, pixels: shared.rows,
          channels: shared.whole.count / shared.rows,
          into: values)
      }
    }
  }

  /// The other way: writes this network's parameters, which are a tower's, to their places in the whole network's.
  /// - Throws: As ``copyParameters(tower:from:)``.
  public func copyParameters(tower: Int, to whole: Network) throws {
    for shared in try sharedParameters(tower: tower, of: whole) {
      shared.whole.withMutableValues {
        guard let values = $0.baseAddress else { return }
        TowerExchange.put(
          shared.part.value.pointer, pixels: shared.rows, channels: shared.whole.count / shared.rows,
          into: shared.outputs, of: values)
      }
    }
    whole.forgetStaleWeights()
  }

  /// A parameter of a tower and the outputs that it has of the whole network's: the fastest axis of `rows`.
  private struct SharedParameter {
    let part: Parameter
    let whole: Parameter
    let outputs: Range<Int>
    let rows: Int
  }

  private func sharedParameters(tower: Int, of whole: Network) throws -> [SharedParameter] {
    try zip(spec.nodes, layers).flatMap { node, layer -> [SharedParameter] in
      guard !layer.parameters.isEmpty else { return [] }
      let wholeLayer = whole.layers[try whole.node(named: node.name)]
      let (part, all) = (layer.outputShape.channels, wholeLayer.outputShape.channels)
      let first = part == all ? 0 : tower * part
      guard tower >= 0, all.isMultiple(of: part), first + part <= all,
        layer.parameters.map({ $0.count / part }) == wholeLayer.parameters.map({ $0.count / all })
      else {
        throw EngineError.invalidValue("\(spec.name): \(node.name) is not a part of \(whole.spec.name)'s")
      }
      return zip(layer.parameters, wholeLayer.parameters).map { mine, theirs in
        SharedParameter(part: mine, whole: theirs, outputs: first..<first + part, rows: theirs.count / all)
      }
    }
  }
}
