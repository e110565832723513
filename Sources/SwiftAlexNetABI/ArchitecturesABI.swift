import CSwiftAlexNet
import Imaging
import Networks
import Tensors

@c @implementation
public func sax_variants(
  _ family: UnsafePointer<CChar>, _ text: UnsafeMutablePointer<CChar>, _ capacity: Int64
) -> Int32 {
  status {
    let variants = try Catalog.family(String(cString: family)).variants
    try write(variants.map(\.name).joined(separator: " "), to: text, capacity: capacity)
  }
}

private func architecture(
  _ family: UnsafePointer<CChar>, _ variant: UnsafePointer<CChar>
) throws -> any Architecture {
  try Catalog.family(String(cString: family)).variant(String(cString: variant))
}

@c @implementation
public func sax_get_variant(
  _ family: UnsafePointer<CChar>, _ variant: UnsafePointer<CChar>, _ result: UnsafeMutablePointer<sax_variant>
) -> Int32 {
  status {
    let row = try architecture(family, variant)
    var description = sax_variant()
    fill(&description.name, with: row.name)
    fill(&description.catalog_name, with: row.catalogName)
    fill(&description.summary, with: row.summary)
    fill(&description.initialization, with: row.defaultInitialization.name)
    description.classes = Int64(row.defaultClasses)
    description.channels = Int64(row.defaultChannels)
    description.image_size = Int64(row.defaultImageSize)
    result.pointee = description
  }
}

@c @implementation
public func sax_spec(
  _ family: UnsafePointer<CChar>, _ variant: UnsafePointer<CChar>, _ options: UnsafePointer<sax_spec_options>,
  _ text: UnsafeMutablePointer<CChar>, _ capacity: Int64
) -> Int32 {
  status {
    let (name, options) = (String(cString: family), options.pointee)
    func size(_ value: Int64, _ what: String) throws -> Int? {
      value == 0 ? nil : try Argument.size(value, "\(name): \(what)")
    }
    var spec = try architecture(family, variant).spec(
      classes: try size(options.classes, "num_classes"), channels: try size(options.channels, "in_channels"),
      imageSize: try size(options.image_size, "image_size"),
      ceilMode: options.ceil_mode == 0 ? nil : options.ceil_mode > 0)
    if let without = options.without {
      spec = try spec.without(String(cString: without).split(separator: " ").map(String.init))
    }
    if let activation = options.activation { spec = spec.with(activation: try .named(String(cString: activation))) }
    try write(spec.text, to: text, capacity: capacity)
  }
}

@c @implementation
public func sax_spec_shapes(
  _ spec: UnsafePointer<CChar>, _ text: UnsafeMutablePointer<CChar>, _ capacity: Int64
) -> Int32 {
  status {
    let shapes = try NetworkSpec(text: String(cString: spec)).outputShapes()
    try write(
      shapes.map { "\($0.channels) \($0.height) \($0.width)\n" }.joined(), to: text, capacity: capacity)
  }
}

@c @implementation
public func sax_spec_crossings(
  _ spec: UnsafePointer<CChar>, _ towers: Int64, _ text: UnsafeMutablePointer<CChar>, _ capacity: Int64
) -> Int32 {
  status {
    let spec = try NetworkSpec(text: String(cString: spec))
    let names = spec.crossings(towers: try Argument.size(towers, "crossings: towers"))
    try write(names.joined(separator: " "), to: text, capacity: capacity)
  }
}

@c @implementation
public func sax_spec_cut(
  _ spec: UnsafePointer<CChar>, _ tower: Int64, _ towers: Int64, _ text: UnsafeMutablePointer<CChar>,
  _ capacity: Int64
) -> Int32 {
  status {
    let towers = try Argument.size(towers, "cut: towers")
    let segments = try NetworkSpec(text: String(cString: spec)).cut(
      tower: try Argument.index(tower, below: towers, "tower"), of: towers)
    try write(segments.text, to: text, capacity: capacity)
  }
}

@c @implementation
public func sax_initializations(_ text: UnsafeMutablePointer<CChar>, _ capacity: Int64) -> Int32 {
  status { try write(Initialization.known.map(\.name).joined(separator: " "), to: text, capacity: capacity) }
}

@c @implementation
public func sax_variant_preprocessing(
  _ name: UnsafePointer<CChar>, _ crop: Int64, _ channels: Int64, _ text: UnsafeMutablePointer<CChar>,
  _ capacity: Int64
) -> Int32 {
  status {
    let crop = try Argument.size(crop, "preprocessing: crop")
    let channels = try Argument.size(channels, "preprocessing: channels")
    let defaults = Catalog.preprocessing(of: String(cString: name))
    try write(defaults.text(crop: crop, channels: channels), to: text, capacity: capacity)
  }
}

@c @implementation
public func sax_variant_layer_names(
  _ name: UnsafePointer<CChar>, _ framework: UnsafePointer<CChar>, _ text: UnsafeMutablePointer<CChar>,
  _ capacity: Int64
) -> Int32 {
  status {
    let framework = String(cString: framework)
    guard let naming = LayerNaming(rawValue: framework) else {
      let expected = NearestName.expected(LayerNaming.allCases.map(\.rawValue), insteadOf: framework)
      throw EngineError.invalidValue("layer names: got framework '\(framework)', \(expected)")
    }
    let names = try Catalog.layerNames(of: String(cString: name), naming)
    try write(names.map { "\($0.theirs) \($0.ours)\n" }.joined(), to: text, capacity: capacity)
  }
}

@c @implementation
public func sax_nearest_name(
  _ name: UnsafePointer<CChar>, _ known: UnsafePointer<CChar>, _ even_if_far: Int32,
  _ index: UnsafeMutablePointer<Int64>
) -> Int32 {
  status {
    let known = String(cString: known).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let evenIfFar = try Argument.flag(even_if_far, "nearest name: even_if_far")
    let found = Catalog.nearest(to: String(cString: name), among: known, evenIfFar: evenIfFar)
    index.pointee = Int64(found.flatMap { known.firstIndex(of: $0) } ?? -1)
  }
}
