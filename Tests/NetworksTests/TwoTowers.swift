import Kernels

@testable import Networks

/// Both towers of a network in one process, which communicate only at the crossings.
struct TwoTowers {
  let segments: [[TowerSegment]]
  let networks: [[Network]]

  init(_ whole: Network, make: (NetworkSpec) throws -> Network) throws {
    segments = try (0..<2).map { try whole.spec.cut(tower: $0, of: 2) }
    networks = try segments.enumerated().map { tower, segments in
      try segments.map { segment in
        let part = try make(segment.spec)
        try part.copyParameters(tower: tower, from: whole)
        return part
      }
    }
  }

  /// Logits, each segment computed by `run`.
  func forward(_ image: [Float], run: (Network, [Float]) throws -> [Float]) throws -> [Float] {
    var (own, whole, channels) = ([image, image], image, 0)
    for step in segments[0].indices {
      own = try towers(at: step).map { tower in
        let segment = segments[tower][step]
        let input =
          switch segment.source {
          case .image: image
          case .own: own[tower]
          case .exchanged: taking(segment.reads, of: whole, channels: channels)
          }
        return taking(segment.channels, of: try run(networks[tower][step], input), channels: try outputs(segment))
      }
      guard own.count == 2 else { continue }
      channels = own.count * segments[0][step].channels.count
      whole = joined(own, channels: channels / 2)
    }
    return own[0]
  }

  /// The parameters' gradients of the last kept forward pass; at a crossing, both towers' input gradients are added.
  func backward(_ logitsGradient: [Float], batch: Int) throws {
    var own = [logitsGradient]
    for step in segments[0].indices.reversed() {
      let source = segments[0][step].source
      let channels = step == 0 ? 0 : 2 * segments[0][step - 1].channels.count
      var (whole, next) = ([Float](), [[Float]]())
      for tower in towers(at: step) {
        let (segment, network) = (segments[tower][step], networks[tower][step])
        var gradient = [Float](repeating: 0, count: batch * network.classCount)
        try put(own[tower], to: segment.channels, of: &gradient, channels: outputs(segment))
        var input = [Float](repeating: .nan, count: batch * segment.spec.input.count)
        try network.backward(gradient, batch: batch, layout: .nhwc, accumulate: false, inputGradient: &input)
        next.append(input)
        guard source == .exchanged else { continue }
        var spread = [Float](repeating: 0, count: input.count / segment.reads.count * channels)
        put(input, to: segment.reads, of: &spread, channels: channels)
        whole = whole.isEmpty ? spread : zip(whole, spread).map(+)
      }
      own =
        source != .exchanged
        ? next
        : (0..<2).map { tower in
          let width = channels / 2
          return taking(tower * width..<(tower + 1) * width, of: whole, channels: channels)
        }
    }
  }

  private func towers(at step: Int) -> [Int] { (0..<2).filter { step < segments[$0].count } }

  private func outputs(_ segment: TowerSegment) throws -> Int { try segment.spec.outputShapes().last?.channels ?? 0 }
}

func taking(_ range: Range<Int>, of values: [Float], channels: Int) -> [Float] {
  let pixels = values.count / channels
  var part = [Float](repeating: .nan, count: pixels * range.count)
  TowerExchange.take(range, of: values, pixels: pixels, channels: channels, into: &part)
  return part
}

private func put(_ part: [Float], to range: Range<Int>, of whole: inout [Float], channels: Int) {
  TowerExchange.put(part, pixels: whole.count / channels, channels: channels, into: range, of: &whole)
}

private func joined(_ parts: [[Float]], channels: Int) -> [Float] {
  var whole = [Float](repeating: .nan, count: 2 * parts[0].count)
  parts[0].withUnsafeBufferPointer { first in
    parts[1].withUnsafeBufferPointer { second in
      let pointers = [first, second].compactMap(\.baseAddress)
      TowerExchange.join(pointers, pixels: parts[0].count / channels, channels: channels, into: &whole)
    }
  }
  return whole
}
