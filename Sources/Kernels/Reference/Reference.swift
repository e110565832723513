/// The naive twin of every kernel: the executable specification and the tests' oracle.
public enum Reference {}
