import CShims
import Tensors

/// Who may touch the weights: many readers (inference), or one writer (a training step). A second writer is
/// an error at once; readers wait for a step to end and a writer for the readers to leave.
package final class UsageLock: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var readers = 0
  private var writing = false
  private var owner = getpid()

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(changed)
    mutex.deallocate()
    changed.deallocate()
  }

  package func reading<Result>(_ body: () throws -> Result) rethrows -> Result {
    enter {
      while writing { pthread_cond_wait(changed, mutex) }; readers += 1
    }
    defer { leave { readers -= 1 } }
    return try body()
  }

  /// - Throws: ``EngineError/concurrentUse(_:)`` when another thread is writing.
  package func writing<Result>(_ operation: String, _ body: () throws -> Result) throws -> Result {
    var refused = false
    enter {
      refused = writing
      if refused { return }
      writing = true
      while readers > 0 { pthread_cond_wait(changed, mutex) }
    }
    if refused {
      throw EngineError.concurrentUse("\(operation): another thread is training this network")
    }
    defer { leave { writing = false } }
    return try body()
  }

  private func enter(_ change: () -> Void) {
    forgetParent()
    pthread_mutex_lock(mutex)
    change()
    pthread_mutex_unlock(mutex)
  }

  private func leave(_ change: () -> Void) {
    pthread_mutex_lock(mutex)
    change()
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }

  /// In the child of a fork the threads that held the lock are gone: it starts free.
  private func forgetParent() {
    guard owner != getpid() else { return }
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
    (readers, writing, owner) = (0, false, getpid())
  }
}
