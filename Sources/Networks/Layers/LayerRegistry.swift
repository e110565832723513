/// The layer kinds that a specification can name.
enum LayerRegistry {
  static let specs: [any LayerSpec.Type] = [
    ConvolutionSpec.self, LocallyConnectedSpec.self, DenseSpec.self,
    ReLUSpec.self, TanhSpec.self, SigmoidSpec.self,
    MaxPoolSpec.self, AveragePoolSpec.self, AdaptiveAveragePoolSpec.self,
    ResponseNormSpec.self, SpatialResponseNormSpec.self,
    DropoutSpec.self, SoftmaxSpec.self,
  ]
}

extension NodeOperation {
  init(kind: Substring, _ fields: inout SpecFields) throws {
    guard let type = LayerRegistry.specs.first(where: { $0.kind == kind }) else {
      throw fields.error("unknown kind of node '\(kind)'")
    }
    self.init(try type.init(fields: &fields))
  }
}
