/// The naive version of every kernel: the executable specification and the tests' oracle.
public enum Reference {}
