import CForkGate
import CShims
import Synchronization

/// How a host asks a long computation to stop. The host installs a question ("has Ctrl-C been pressed?"); the thread
/// that called the engine asks it between items of work, and between parts of a large block of memory touched for the
/// first time, at most every 20 ms.
public enum Interrupt {
  public typealias Question = @convention(c) () -> Int32

  private static let question = Atomic<UInt>(0)
  private static let lastAsked = Atomic<UInt64>(0)
  private static let secondsBetweenQuestions = 0.02

  /// - Parameter question: returns 1 to stop, 0 to continue, −1 if this thread cannot answer (another may then be asked
  ///   at once); `nil` removes the question.
  public static func setQuestion(_ question: Question?) {
    self.question.store(question.map { UInt(bitPattern: unsafeBitCast($0, to: Int.self)) } ?? 0, ordering: .relaxed)
  }

  package static func isRequested() -> Bool {
    let bits = question.load(ordering: .relaxed)
    guard bits != 0 else { return false }
    let now = shim_seconds()
    guard now - Double(bitPattern: lastAsked.load(ordering: .relaxed)) >= secondsBetweenQuestions else { return false }
    // The question may wait for what a thread that forks holds, such as Python's lock.
    let depth = fork_gate_step_out()
    let answer = unsafeBitCast(Int(bitPattern: bits), to: Question.self)()
    fork_gate_step_in(depth)
    if answer >= 0 { lastAsked.store(now.bitPattern, ordering: .relaxed) }
    return answer > 0
  }
}
