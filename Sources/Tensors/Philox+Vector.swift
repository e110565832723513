extension Philox {
  /// What a kernel that draws many blocks at a time needs: the key, and the counter words after the two of the index.
  public var vectorState: (key: (UInt32, UInt32), counter: (UInt32, UInt32)) { (keyWords, (stepWord, streamWord)) }
}
