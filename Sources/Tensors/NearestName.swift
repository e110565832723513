/// The end of messages about an unknown name: what is known, and what the user probably meant.
public enum NearestName {
  /// Characters compared; a longer name is not a typing error.
  private static let compared = 64

  /// `expected one of paper, caffe; did you mean 'paper'?`
  /// - Parameter elsewhere: other names for some of the known ones, in lower case.
  public static func expected(
    _ known: [String], insteadOf name: String, elsewhere: [String: String] = [:]
  ) -> String {
    let list = "expected one of \(known.joined(separator: ", "))"
    guard let best = elsewhere[plain(name)] ?? nearest(to: name, among: known) else { return list }
    return "\(list); did you mean '\(best)'?"
  }

  /// The known name with the fewest edits to `name`, ignoring case; the first of several.
  /// - Parameter evenIfFar: false: only one that shares at least half of the longer name.
  public static func nearest(to name: String, among known: [String], evenIfFar: Bool = true) -> String? {
    let found = known.map { (name: $0, edits: edits($0, name)) }.min { $0.edits < $1.edits }
    guard let found, evenIfFar || 2 * found.edits <= min(compared, max(found.name.count, name.count)) else {
      return nil
    }
    return found.name
  }

  /// In lower case and without hyphens, as in `elsewhere`.
  public static func plain(_ name: String) -> String {
    name.prefix(compared).lowercased().filter { $0 != "-" && $0 != "_" }
  }

  /// Characters to insert, remove or replace to turn one name into the other (Levenshtein 1966), ignoring case.
  static func edits(_ first: String, _ second: String) -> Int {
    let (first, second) = (first.prefix(compared).lowercased(), Array(second.prefix(compared).lowercased()))
    var row = Array(0...second.count)
    for (line, character) in zip(1..., first) {
      var diagonal = row[0]
      row[0] = line
      for (column, other) in zip(1..., second) {
        let replaced = diagonal + (character == other ? 0 : 1)
        diagonal = row[column]
        row[column] = min(replaced, diagonal + 1, row[column - 1] + 1)
      }
    }
    return row[second.count]
  }
}
