import Tensors

extension Reference {
  /// Whether training keeps an element: one generator word per element.
  public static func dropoutKeeps(
    _ element: Int, probability: Float, generator: Philox, layer: UInt32
  ) -> Bool {
    let words = generator.words(UInt64(layer) << 40 | UInt64(element / 4))
    return Float(words[element % 4] >> 8) / 16_777_216 >= probability
  }

  public static func dropoutForwardTraining<T: ReferenceScalar>(
    count: Int, probability: Float, form: Dropout.Form, generator: Philox, layer: UInt32,
    input: UnsafePointer<T>, output: UnsafeMutablePointer<T>
  ) {
    for i in 0..<count {
      let keeps = dropoutKeeps(i, probability: probability, generator: generator, layer: layer)
      let factor = form == .inverted ? 1 / (1 - T(probability)) : 1
      output[i] = keeps ? factor * input[i] : 0
    }
  }

  public static func dropoutBackward<T: ReferenceScalar>(
    count: Int, probability: Float, form: Dropout.Form, generator: Philox, layer: UInt32,
    outputGradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>
  ) {
    dropoutForwardTraining(
      count: count, probability: probability, form: form, generator: generator, layer: layer,
      input: outputGradient, output: inputGradient)
  }

  public static func dropoutForwardInference<T: ReferenceScalar>(
    count: Int, probability: Float, form: Dropout.Form, input: UnsafePointer<T>, output: UnsafeMutablePointer<T>
  ) {
    for i in 0..<count { output[i] = form == .paper2012 ? input[i] * (1 - T(probability)) : input[i] }
  }
}
