import Kernels
import Synchronization
import Tensors

/// One learned tensor, in the order the kernels need: convolution [kh][kw][in / groups][out], dense
/// [in][out], bias [out]; locally connected [oh][ow] such filters or biases. Callers see the conventional order
/// (OIHW, [out][in], [oh][ow] before OIHW) through `strides`.
public final class Parameter: @unchecked Sendable {
  public enum Role: Sendable { case weight, bias }

  /// `conv1.weight`
  public let name: String
  /// `conv1`
  let node: String
  public let role: Role
  /// Conventional shape and the strides, in elements, that lead through the engine's memory in that order.
  public let shape: [Int]
  public let strides: [Int]
  /// Inputs per output and outputs per input; initialisations use them.
  public let fanIn: Int
  public let fanOut: Int

  /// What the engine reads. Every writer uses ``withMutableValues(_:)`` or calls ``noteChange()``.
  package let value: AlignedBuffer<Float>
  let revision = WeightRevision()
  private let velocityRevision = WeightRevision()
  /// Its network's, once it has one, and the place in it.
  private var gradients: (memory: GradientMemory, place: Int)
  private let velocity = LazyBuffer()
  /// The bounds known after the last training step, and the revisions they hold for. Guarded by the network's `usage`.
  private var bounds: (SGDBounds, values: Int, velocity: Int)?
  /// Factors on the learning rate and on the weight decay; ``Network/setMultipliers(of:rate:decay:)`` sets them.
  public internal(set) var rateMultiplier: Float = 1
  public internal(set) var decayMultiplier: Float = 1

  public var count: Int { value.count }

  private init(
    _ node: String, _ role: Role, shape: [Int], strides: [Int], fanIn: Int, fanOut: Int
  ) throws {
    name = node + (role == .weight ? ".weight" : ".bias")
    self.node = node
    self.role = role
    self.shape = shape
    self.strides = strides
    self.fanIn = fanIn
    self.fanOut = fanOut
    value = try AlignedBuffer(count: try Extent.product(shape, operation: name), operation: name)
    gradients = (GradientMemory(counts: [value.count]), 0)
  }

  /// Called before the first use of the gradient.
  func setGradientMemory(_ memory: GradientMemory, place: Int) { gradients = (memory, place) }

  static func convolutionWeight(
    _ node: String, outputs: Int, inputs: Int, kernel: Int, groups: Int
  ) throws -> Parameter {
    try Parameter(
      node, .weight, shape: [outputs, inputs, kernel, kernel],
      strides: [1, outputs, kernel * inputs * outputs, inputs * outputs], fanIn: inputs * kernel * kernel,
      fanOut: outputs / groups * kernel * kernel)
  }

  static func denseWeight(_ node: String, outputs: Int, inputs: Int) throws -> Parameter {
    try Parameter(
      node, .weight, shape: [outputs, inputs], strides: [1, outputs], fanIn: inputs, fanOut: outputs)
  }

  static func bias(_ node: String, outputs: Int, fanIn: Int) throws -> Parameter {
    try Parameter(node, .bias, shape: [outputs], strides: [1], fanIn: fanIn, fanOut: outputs)
  }

  /// A convolution's filters for each of `places`; biases likewise.
  static func localWeight(
    _ node: String, places: (height: Int, width: Int), outputs: Int, inputs: Int, kernel: Int
  ) throws -> Parameter {
    let row = kernel * inputs * outputs
    // Checked here, because the strides are products too.
    _ = try Extent.product([places.height, places.width, kernel, row], operation: node + ".weight")
    return try Parameter(
      node, .weight, shape: [places.height, places.width, outputs, inputs, kernel, kernel],
      strides: [places.width * kernel * row, kernel * row, 1, outputs, row, inputs * outputs],
      fanIn: inputs * kernel * kernel, fanOut: outputs * kernel * kernel)
  }

  static func localBias(_ node: String, places: (height: Int, width: Int), outputs: Int, fanIn: Int) throws
    -> Parameter
  {
    try Parameter(
      node, .bias, shape: [places.height, places.width, outputs], strides: [places.width * outputs, outputs, 1],
      fanIn: fanIn, fanOut: outputs)
  }

  /// Reads or writes the values, in the engine's order. Inference at the same time sees old values or new ones.
  public func withMutableValues<Result>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
  ) rethrows -> Result {
    revision.borrow()
    defer { revision.giveBack() }
    return try body(value.buffer)
  }

  /// The values for longer than a call; each borrow ends with one ``giveBackValues()``.
  package func borrowValues() -> UnsafeMutablePointer<Float> {
    revision.borrow()
    return value.pointer
  }

  package func giveBackValues() { revision.giveBack() }

  /// Called by a writer of the values that has exclusive use of the network.
  package func noteChange() { revision.noteChange() }

  /// The gradient's memory, allocated (zeroed) when first needed.
  public func makeGradient() throws -> AlignedBuffer<Float> {
    try gradients.memory.gradient(at: gradients.place, operation: "gradient of \(name)")
  }

  /// The velocity's memory, allocated (zeroed) when first needed; the caller may write it from then on.
  public func makeVelocity() throws -> AlignedBuffer<Float> {
    velocityRevision.borrow()
    return try velocityMemory()
  }

  /// The same for a caller with exclusive use that keeps ``knownBounds`` valid.
  package func velocityMemory() throws -> AlignedBuffer<Float> {
    try velocity.make(count: count, operation: "velocity of \(name)")
  }

  /// The velocity for longer than a call: each borrow ends with one ``giveBackVelocity()``.
  package func borrowVelocity() throws -> UnsafeMutablePointer<Float> {
    let memory = try velocityMemory()
    velocityRevision.borrow()
    return memory.pointer
  }

  package func giveBackVelocity() { velocityRevision.giveBack() }

  /// Bounds on the magnitudes of values and velocities; nil when they may have been written since.
  package var knownBounds: SGDBounds? {
    get {
      guard let (known, values, velocity) = bounds, revision.current == values, velocityRevision.current == velocity
      else { return nil }
      return known
    }
    set {
      bounds = nil
      if let newValue, let values = revision.current, let velocity = velocityRevision.current {
        bounds = (newValue, values, velocity)
      }
    }
  }

  /// Bytes of gradient and of velocity; 0 for one that has not been needed yet.
  package var gradientBytes: Int { gradients.memory.byteCount(at: gradients.place) }
  package var velocityBytes: Int { velocity.byteCount }
}

/// A buffer allocated once, when any thread first requests it.
private final class LazyBuffer: Sendable {
  private let buffer = Mutex<AlignedBuffer<Float>?>(nil)

  var byteCount: Int { buffer.withLock { $0?.byteCount ?? 0 } }

  func make(count: Int, operation: String) throws -> AlignedBuffer<Float> {
    if let made = buffer.change({ $0 }) { return made }
    // Made outside the lock: a fork while it is zeroed would leave the child with a lock that nobody releases.
    let new = try AlignedBuffer<Float>(count: count, operation: operation)
    return buffer.change { buffer in
      let winner = buffer ?? new
      buffer = winner
      return winner
    }
  }
}
