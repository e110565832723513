import CShims
import Synchronization

/// The worker threads, which get one region at a time. Workers sleep between regions that are far apart.
final class Crew: @unchecked Sendable {
  /// About 50 µs; a sleeping thread takes about 30 µs to wake, and a network's next layer starts sooner.
  private static let lingerPauses = 2000
  /// So long a thread then lets others run before it sleeps, because it may wake on a CPU that is in use: see
  /// `shim_leave_cpu`.
  private static let lingerSeconds = 0.001
  /// A yield that takes so long has let another thread run.
  private static let longYield = 0.0002
  /// So long no thread yields after that.
  private static let crowdedSeconds = 0.1

  private typealias Body = (Int, Int) -> Void

  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// Copies of `generation` and `running`, read without the lock by threads that wait briefly before they sleep.
  private let announced = Atomic<Int>(0)
  private let remaining = Atomic<Int>(0)
  /// The end of the time in which threads do not yield: a `Double`'s bits.
  private let crowdedUntil = Atomic<UInt64>(0)

  // Everything below is guarded by `lock`.
  private var workers = 0
  private var inUse = false
  private var generation = 0
  private var region: Region?
  private var body: Body?
  private var invited = 0
  private var running = 0

  init() {
    pthread_mutex_init(lock, nil)
    pthread_cond_init(wake, nil)
    pthread_cond_init(finished, nil)
  }

  deinit {
    pthread_mutex_destroy(lock)
    pthread_cond_destroy(wake)
    pthread_cond_destroy(finished)
    lock.deallocate()
    wake.deallocate()
    finished.deallocate()
  }

  /// Offers a region to `helpers` workers; false if the crew is busy with another caller's region.
  func begin(_ region: Region, _ body: @escaping (Int, Int) -> Void, helpers: Int) -> Bool {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    guard !inUse else { return false }
    startWorkers(helpers)
    inUse = true
    self.region = region
    self.body = body
    invited = min(helpers, workers)
    running = invited
    generation += 1
    remaining.store(running, ordering: .releasing)
    announced.store(generation, ordering: .releasing)
    pthread_cond_broadcast(wake)
    return true
  }

  /// Waits until every invited worker has left the region.
  func end() {
    linger { remaining.load(ordering: .acquiring) == 0 }
    pthread_mutex_lock(lock)
    while running > 0 { pthread_cond_wait(finished, lock) }
    region = nil
    body = nil
    inUse = false
    pthread_mutex_unlock(lock)
  }

  /// Called with the lock held. If the system refuses a thread, there is one fewer; this is not an error.
  private func startWorkers(_ wanted: Int) {
    while workers < wanted {
      let start = Unmanaged.passRetained(Start(crew: self, index: workers))
      var thread = pthread_t()
      let status = pthread_create(&thread, nil, { Crew.main($0) }, start.toOpaque())
      guard status == 0 else {
        start.release()
        return
      }
      pthread_detach(thread)
      workers += 1
    }
  }

  private final class Start {
    let crew: Crew
    let index: Int
    init(crew: Crew, index: Int) {
      self.crew = crew
      self.index = index
    }
  }

  private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    start.crew.work(index: start.index)
    return nil
  }

  /// A separate function, never inlined: its references to the caller's body must be gone before the worker reports
  /// that it has left, or `withoutActuallyEscaping` would find one in `ThreadPool.forEach` and end the process.
  @inline(never)
  private func runRegion(slot: Int) {
    pthread_mutex_lock(lock)
    let (region, body) = (self.region, self.body)
    pthread_mutex_unlock(lock)
    guard let region, let body else { return }
    shim_leave_cpu(region.callersCPU)
    region.run(body, slot: slot, polling: false)
  }

  /// Spins briefly, because between two layers the next event comes sooner than a thread wakes up; then yields for a
  /// while, unless others want the CPU: a thread that yields to them gets it back later than one that is woken.
  private func linger(until happened: () -> Bool) {
    for _ in 0..<Self.lingerPauses {
      if happened() { return }
      shim_pause()
    }
    var now = shim_seconds()
    let end = now + Self.lingerSeconds
    guard now >= Double(bitPattern: crowdedUntil.load(ordering: .relaxed)) else { return }
    while !happened() && now < end {
      sched_yield()
      let before = now
      now = shim_seconds()
      if now - before > Self.longYield {
        crowdedUntil.store((now + Self.crowdedSeconds).bitPattern, ordering: .relaxed)
        return
      }
    }
  }

  private func work(index: Int) {
    var seen = 0
    while true {
      linger { announced.load(ordering: .acquiring) != seen }
      pthread_mutex_lock(lock)
      while generation == seen || index >= invited || region == nil {
        if generation != seen { seen = generation }
        pthread_cond_wait(wake, lock)
      }
      seen = generation
      pthread_mutex_unlock(lock)

      runRegion(slot: index + 1)

      pthread_mutex_lock(lock)
      running -= 1
      remaining.store(running, ordering: .releasing)
      if running == 0 { pthread_cond_signal(finished) }
      pthread_mutex_unlock(lock)
    }
  }
}
