import Synchronization

/// Tells whether a parameter's values, or velocities, are still those from which a copy in another form was made.
///
/// A writer borrows the values; they count as changed when given back. A copy is valid as long as nobody has borrowed
/// the values and the number of changes is the same as before the copy was made.
final class WeightRevision: Sendable {
  private let changes = Atomic<Int>(0)
  private let borrowers = Atomic<Int>(0)

  /// The number of changes so far; nil while somebody may be writing.
  var current: Int? {
    borrowers.load(ordering: .acquiring) == 0 ? changes.load(ordering: .acquiring) : nil
  }

  func noteChange() { changes.add(1, ordering: .acquiringAndReleasing) }

  func borrow() { borrowers.add(1, ordering: .acquiringAndReleasing) }

  /// Counts the change first: at no moment do changed values look like the old ones.
  func giveBack() {
    noteChange()
    borrowers.subtract(1, ordering: .acquiringAndReleasing)
  }
}
