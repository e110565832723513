import CForkGate
import CShims
import Synchronization
import Tensors

/// Who may touch the weights: many readers (inference), or one writer (a training step). A second writer fails at once;
/// readers wait for a step to end and a writer for the readers to leave.
package final class UsageLock: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  /// The threads inside, so that one that enters twice (a signal handler running in the middle of a call) is refused
  /// instead of waiting for itself.
  private var readers: [pthread_t] = []
  private var writer: pthread_t?
  /// The process that the state above belongs to; 0 while a forked child takes it over.
  private let owner = Atomic<Int32>(getpid())

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    forgetParent()
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(changed)
    mutex.deallocate()
    changed.deallocate()
  }

  /// - Throws: ``EngineError/concurrentUse(_:)`` if this thread is writing.
  package func reading<Result>(_ body: () throws -> Result) throws -> Result {
    let thread = try beginReading("forward")
    defer { endReading(thread) }
    return try body()
  }

  /// - Throws: ``EngineError/concurrentUse(_:)`` if a thread is writing, or this one is reading.
  package func writing<Result>(_ operation: String, _ body: () throws -> Result) throws -> Result {
    let thread = try beginWriting(operation)
    defer { endWriting(thread) }
    return try body()
  }

  /// For reading across calls; each ends with ``endReading(_:)``, passing the thread that this returns.
  package func beginReading(_ operation: String) throws -> pthread_t {
    let thread = pthread_self()
    var refused = false
    enter {
      refused = writer == thread
      if refused { return }
      // A thread that is already reading (its signal handler runs) must not wait for a writer that waits for it.
      let isNested = readers.contains(thread)
      while writer != nil && !isNested { wait() }
      readers.append(thread)
    }
    if refused { throw EngineError.concurrentUse("\(operation): this thread is training the network") }
    return thread
  }

  package func endReading(_ thread: pthread_t) {
    leave { if let index = readers.lastIndex(of: thread) { readers.remove(at: index) } }
  }

  /// For writing across calls; each ends with ``endWriting(_:)``, passing the thread that this returns.
  package func beginWriting(_ operation: String) throws -> pthread_t {
    let thread = pthread_self()
    var refused = false
    enter {
      refused = writer != nil || readers.contains(thread)
      if refused { return }
      writer = thread
      while !readers.isEmpty { wait() }
    }
    if refused { throw EngineError.concurrentUse("\(operation): the network is in use by another call") }
    return thread
  }

  package func endWriting(_ thread: pthread_t) {
    leave { if writer == thread { writer = nil } }
  }

  private func enter(_ change: () -> Void) {
    forgetParent()
    pthread_mutex_lock(mutex)
    change()
    pthread_mutex_unlock(mutex)
  }

  /// Waits for a change. A fork does not wait with it; nor does this thread hold the mutex while it waits for a fork.
  private func wait() {
    let depth = fork_gate_step_out()
    pthread_cond_wait(changed, mutex)
    pthread_mutex_unlock(mutex)
    fork_gate_step_in(depth)
    pthread_mutex_lock(mutex)
  }

  private func leave(_ change: () -> Void) {
    pthread_mutex_lock(mutex)
    change()
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }

  /// In a forked child the threads that held the lock are gone: the first thread to arrive resets it.
  private func forgetParent() {
    let process = getpid()
    while true {
      let seen = owner.load(ordering: .acquiring)
      if seen == process { return }
      if seen != 0, owner.compareExchange(expected: seen, desired: 0, ordering: .acquiringAndReleasing).exchanged {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        (readers, writer) = ([], nil)
        owner.store(process, ordering: .releasing)
        return
      }
      sched_yield()
    }
  }
}
