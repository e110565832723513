import XCTest

@testable import Networks

/// Counts of one node as published or derived by hand.
struct CountRow {
  let node: String
  let shape: String
  let parameters: Int
  let macs: Int

  init(_ node: String, _ shape: String, _ parameters: Int = 0, _ macs: Int = 0) {
    self.node = node
    self.shape = shape
    self.parameters = parameters
    self.macs = macs
  }
}

/// Compares nodes and totals; shape inference only, nothing as large as the real networks is initialised.
func assertCounts(
  _ spec: NetworkSpec, _ expected: [CountRow], parameters: Int, macs: Int, file: StaticString = #filePath,
  line: UInt = #line
) throws {
  let layers = try spec.makeLayers()
  let nodes = Dictionary(uniqueKeysWithValues: zip(spec.nodes.map(\.name), layers))
  func count(_ layer: any Layer) -> Int { layer.parameters.reduce(0) { $0 + $1.count } }
  for row in expected {
    let (place, layer) = ("\(spec.name) \(row.node)", nodes[row.node])
    XCTAssertEqual(layer.map { "\($0.outputShape)" }, row.shape, place, file: file, line: line)
    XCTAssertEqual(layer.map(count), row.parameters, place, file: file, line: line)
    XCTAssertEqual(layer?.macs, row.macs, place, file: file, line: line)
  }
  XCTAssertEqual(layers.reduce(0) { $0 + count($1) }, parameters, spec.name, file: file, line: line)
  XCTAssertEqual(layers.reduce(0) { $0 + $1.macs }, macs, spec.name, file: file, line: line)
  XCTAssertEqual(try spec.outputShapes(), layers.map(\.outputShape), spec.name, file: file, line: line)
}
