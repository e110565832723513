import CInstructions
import KernelTemplates
import Tensors

private typealias Floats = SIMD16<Float>
private typealias Halves = SIMD16<UInt16>
private typealias Pairs = SIMD16<Int32>

// MARK: Widening and rounding

@Sendable func widenAVX512BF16(_ count: Int, _ x: UnsafePointer<BFloat16>, _ y: UnsafeMutablePointer<Float>) {
  var i = 0
  while i &+ 16 <= count {
    Floats(bits: instruction_widen_halves(loadHalves(x + i, count: 16)) &<< 16).store(y + i)
    i = i &+ 16
  }
  while i < count {
    y[i] = x[i].float
    i = i &+ 1
  }
}

@Sendable func narrowAVX512BF16(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<BFloat16>) {
  narrow(count, x, y, relu: false)
}

@Sendable func narrowRowsAVX512BF16(_ rows: RowNarrowing) {
  var (source, target) = (rows.source, rows.target)
  var i = rows.rows
  while i > 0 {
    narrow(rows.columns, source, target, relu: rows.relu)
    source += rows.sourceStride
    target += rows.targetStride
    i = i &- 1
  }
}

@inline(__always)
private func narrow(
  _ count: Int, _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<BFloat16>, relu: Bool
) {
  var i = 0
  while i &+ 16 <= count {
    narrowVector(16, source + i, target + i, relu: relu)
    i = i &+ 16
  }
  if i < count { narrowVector(count &- i, source + i, target + i, relu: relu) }
}

@inline(__always)
private func narrowVector(
  _ lanes: Int, _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<BFloat16>, relu: Bool
) {
  var x = Floats.load(source, count: lanes)
  if relu { x = Floats.select(Floats.isGreater(.zero, x), .zero, x) }
  storeHalves(instruction_round_bf16(x), target, count: lanes)
}

// MARK: Packing

@Sendable func packFloatsAVX512BF16(
  _ rowCount: Int, _ columns: Int, _ source: UnsafePointer<Float>, _ stride: Int,
  _ panels: UnsafeMutablePointer<BFloat16>, _ panelStride: Int
) {
  pack(rowCount, columns, panels, panelStride) { row, column, lanes in
    instruction_round_bf16(Floats.load(source + (row &* stride &+ column), count: lanes))
  }
}

@Sendable func packRowsAVX512BF16(
  _ rowCount: Int, _ columns: Int, _ source: UnsafePointer<BFloat16>, _ stride: Int,
  _ panels: UnsafeMutablePointer<BFloat16>, _ panelStride: Int
) {
  pack(rowCount, columns, panels, panelStride) { row, column, lanes in
    loadHalves(source + (row &* stride &+ column), count: lanes)
  }
}

/// Packs two rows at a time: `halves` gives up to 16 elements of a row, zeros after them.
@inline(__always)
private func pack(
  _ rowCount: Int, _ columns: Int, _ panels: UnsafeMutablePointer<BFloat16>, _ panelStride: Int,
  halves: (_ row: Int, _ column: Int, _ lanes: Int) -> Halves
) {
  var row = 0
  while row < rowCount {
    var (column, target) = (0, UnsafeMutableRawPointer(panels) + row &* 64)
    while column < columns {
      var half = 0
      while half < 32 {
        let lanes = max(0, min(16, columns &- column &- half))
        var pairs = instruction_widen_halves(halves(row, column &+ half, lanes))
        if row &+ 1 < rowCount {
          pairs |= instruction_widen_halves(halves(row &+ 1, column &+ half, lanes)) &<< 16
        }
        target.storeBytes(of: pairs, toByteOffset: half &* 4, as: Pairs.self)
        half = half &+ 16
      }
      column = column &+ 32
      target += panelStride &* 2
    }
    row = row &+ 2
  }
}

// MARK: Vectors of bfloat16

/// The first `count` elements, zeros after them; reads nothing past them.
@inline(__always)
private func loadHalves(_ source: UnsafePointer<BFloat16>, count: Int) -> Halves {
  if count >= 16 { return UnsafeRawPointer(source).loadUnaligned(as: Halves.self) }
  var vector = Halves()
  for lane in 0..<count { vector[lane] = source[lane].bits }
  return vector
}

@inline(__always)
private func storeHalves(_ vector: Halves, _ target: UnsafeMutablePointer<BFloat16>, count: Int) {
  if count >= 16 { return UnsafeMutableRawPointer(target).storeBytes(of: vector, as: Halves.self) }
  for lane in 0..<count { target[lane].bits = vector[lane] }
}
