/// What the templates must know of an instruction set. Each kernel target declares one type and makes its table of it
/// (``KernelTable/init(name:of:vector:)``): so the kernels are compiled there, with the target's flags, under names that
/// hold the type's, which no other target can emit. That is why every kernel takes the type, even one that does not need it.
///
/// The vector is no associated type: then the target would emit the vector's conformances, under names that others emit, too.
public protocol InstructionSet: SendableMetatype {
  /// Whether it multiplies and adds in one instruction.
  static var fused: Bool { get }
  /// The most rows of a tile, at most 12: its sums, a step of the panel and a number of the left matrix are in registers.
  static var rows: Int { get }
  /// The same of a tile of three vectors of columns.
  static var wideRows: Int { get }
  /// See ``MatrixKernels/rates``.
  static var rates: [[Int]] { get }
}
