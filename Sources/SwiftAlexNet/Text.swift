/// A number with this many decimal places, for people to read; the standard library has no such function.
func text(_ value: Double, places: Int) -> String {
  var power = 1
  for _ in 0..<places { power *= 10 }
  guard let scaled = Int64(exactly: (value.magnitude * Double(power)).rounded()), scaled < 1 << 53 else {
    return "\(value)"
  }
  let (whole, fraction) = scaled.quotientAndRemainder(dividingBy: Int64(power))
  let digits = String(fraction)
  let sign = value < 0 && scaled != 0 ? "-" : ""
  return sign + (places == 0 ? "\(whole)" : "\(whole).\(String(repeating: "0", count: places - digits.count))\(digits)")
}
