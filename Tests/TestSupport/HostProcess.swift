import Glibc

/// Plain threads, as in a host program.
public enum HostThread {
  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  /// Starts a thread; the caller joins it.
  public static func start(_ body: @escaping () -> Void) -> pthread_t {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, Unmanaged.passRetained(Body(body)).toOpaque())
    return thread
  }

  /// Runs `body` on `count` threads at once and waits for all.
  public static func run(_ count: Int, _ body: @escaping () -> Void) {
    for thread in (0..<count).map({ _ in start(body) }) { pthread_join(thread, nil) }
  }
}

/// The wait status of a forked child that runs `body`: 0 if it returns true, a signal if it hangs.
///
/// Swift marks `fork` unavailable; tests need it because hosts of the engine (multiprocessing) use it.
public func statusOfForkedChild(_ body: () -> Bool) -> Int32 {
  typealias Fork = @convention(c) () -> pid_t
  guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "fork") else { return -1 }
  let child = unsafeBitCast(symbol, to: Fork.self)()
  if child == 0 {
    alarm(20)
    _exit(body() ? 0 : 1)
  }
  var status: Int32 = -1
  return waitpid(child, &status, 0) == child ? status : -1
}
