import Glibc

/// Plain threads for tests, as a host program would have them.
enum DispatchlessThreads {
  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  static func run(_ count: Int, _ body: @escaping () -> Void) {
    let threads = (0..<count).map { _ -> pthread_t in
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        { argument in
          if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
          return nil
        }, Unmanaged.passRetained(Body(body)).toOpaque())
      return thread
    }
    for thread in threads { pthread_join(thread, nil) }
  }
}
