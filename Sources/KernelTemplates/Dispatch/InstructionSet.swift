/// What the templates must know about an instruction set. Each kernel target declares one type and builds its table
/// from it (``KernelTable/init(name:of:vector:)``), so the kernels are compiled there, with the target's flags, under
/// names that contain the type's and that no other target can emit. That is why every kernel takes the type, even if it
/// does not need it.
///
/// The vector is not an associated type: the target would then emit the vector's conformances under names that others
/// emit too.
public protocol InstructionSet: SendableMetatype {
  /// Whether it multiplies and adds in one instruction.
  static var fused: Bool { get }
  /// The most rows of a tile, at most 12: its sums, a step of the panel and a value of the left matrix are in
  /// registers.
  static var rows: Int { get }
  /// The same for a tile with three vectors of columns.
  static var wideRows: Int { get }
  /// See ``MatrixKernels/rates``.
  static var rates: [[Int]] { get }
}
