extension Philox {
  /// What a kernel needs that draws many blocks at a time: the key, and the words of the counter after the two of
  /// the index.
  public var vectorState: (key: (UInt32, UInt32), counter: (UInt32, UInt32)) { (keyWords, (stepWord, streamWord)) }
}
