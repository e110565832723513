/// How a row of scores is ranked, with the authors' rule for ties (cuda-convnet's LogregCost, 2012).
public enum Ranking {
  /// Credit in 0 … 1 for finding `label` among the best `slots` of `scores`: scores strictly larger than the label's
  /// take slots first; those equal to it share what is left, min(1, left / equal). A label whose score is NaN gets
  /// none.
  public static func credit(_ scores: UnsafeBufferPointer<Float>, label: Int, slots: Int) -> Double {
    guard scores.indices.contains(label) else { return 0 }
    let own = scores[label]
    guard own == own else { return 0 }
    var larger = 0
    var equal = 0
    for score in scores {
      if score > own { larger += 1 } else if score == own { equal += 1 }
    }
    return max(0, min(1, Double(slots - larger) / Double(equal)))
  }
}
