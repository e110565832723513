import Imaging
import Networks
import SwiftAlexNet

/// The preprocessing in a file, without its mean and its whitening matrix, which are tensors.
struct PreprocessingFields {
  let resizing: Model.Resizing
  let crop: Int
  let nextMean: PreprocessingDefaults.LearnedMean
  let learnWhitening: Double?
  /// Empty: none.
  let scale: [Float]
  let meanPosition: Preprocessing.MeanPosition

  private static let largestSide = 1 << 15
  /// Most values of a crop that can be whitened.
  static let mostWhitened = 4096
  private static let positions: [(String, Preprocessing.MeanPosition)] = [("center", .center), ("crop", .crop)]
}

// MARK: As JSON

extension PreprocessingFields {
  /// Members missing in files of older versions have their defaults.
  init(parsing json: JSON) throws {
    let members = try json.members("the preprocessing")
    let known: Set = [
      "resize", "crop", "resampling", "resample", "learn_mean", "learn_whitening", "warp", "scale", "mean_at",
    ]
    if let unknown = members.first(where: { !known.contains($0.name) }) {
      throw JSON.Malformed("the preprocessing has the unknown member '\(unknown.name)'")
    }
    let given = { (name: String) in members[name].flatMap { $0.isNull ? nil : $0 } }
    crop = try members.required("crop").count("crop")
    resizing = Model.Resizing(
      side: try members.required("resize").count("resize"), resampling: try Self.resampling(members),
      isWarped: try given("warp")?.bool("warp") ?? false)
    nextMean = try given("learn_mean").map(Self.nextMean) ?? .none
    learnWhitening = try given("learn_whitening")?.finite("learn_whitening")
    scale = try given("scale")?.items("scale").map { Float(try $0.finite("scale")) } ?? []
    let position = try given("mean_at")?.string("mean_at") ?? "center"
    guard let (_, meanPosition) = Self.positions.first(where: { $0.0 == position }) else {
      throw JSON.Malformed("mean_at is '\(position)', expected center or crop")
    }
    self.meanPosition = meanPosition
  }

  /// Older versions wrote "resample", and "area" then meant averages of whole pixels.
  private static func resampling(_ members: [JSON.Member]) throws -> Model.Resizing.Resampling {
    let current = members["resampling"]
    let word = try (current ?? members["resample"] ?? .string("area")).string("resampling")
    guard let found = Model.Resizing.Resampling(rawValue: word) else {
      throw JSON.Malformed("resampling is '\(word)', expected area, bilinear, opencv_bilinear or box")
    }
    return current == nil && found == .area ? .box : found
  }

  private static func nextMean(_ json: JSON) throws -> PreprocessingDefaults.LearnedMean {
    guard case .string(let word) = json else { return try json.bool("learn_mean") ? .image : .none }
    guard let found = PreprocessingDefaults.LearnedMean(rawValue: word), found != .none else {
      throw JSON.Malformed("learn_mean is '\(word)', expected image or pixel")
    }
    return found
  }

  var json: JSON {
    let learnsMean: JSON = nextMean == .pixel ? .string(nextMean.rawValue) : .bool(nextMean == .image)
    let position = Self.positions.first { $0.1 == meanPosition }?.0 ?? "center"
    return .object([
      JSON.Member(name: "resize", value: .integer(resizing.side)), JSON.Member(name: "crop", value: .integer(crop)),
      JSON.Member(name: "resampling", value: .string(resizing.resampling.rawValue)),
      JSON.Member(name: "learn_mean", value: learnsMean),
      JSON.Member(name: "learn_whitening", value: learnWhitening.map { .number($0) } ?? .null),
      JSON.Member(name: "warp", value: .bool(resizing.isWarped)),
      JSON.Member(name: "scale", value: scale.isEmpty ? .null : .array(scale.map { .number(Double($0)) })),
      JSON.Member(name: "mean_at", value: .string(position)),
    ])
  }
}

// MARK: Checks, for reading and for writing

extension PreprocessingFields {
  /// Why the fields and the mean's shape do not fit each other or the network's input, in words; nil if they do.
  func problem(meanShape: [Int], input: FeatureShape) -> String? {
    guard (crop, crop) == (input.height, input.width) else {
      return "its crop is \(crop)×\(crop), the network reads \(input.height)×\(input.width)"
    }
    let side = resizing.side
    guard (crop...max(crop, Self.largestSide)).contains(side), side <= Self.largestSide else {
      return "resize is \(side), expected \(crop) to \(Self.largestSide)"
    }
    guard [[input.channels], [side, side, input.channels]].contains(meanShape) else {
      return "the mean has shape \(meanShape), expected \([input.channels]) or \([side, side, input.channels])"
    }
    guard scale.isEmpty || scale.count == input.channels && scale.allSatisfy({ $0.isFinite && $0 != 0 }) else {
      return "scale is \(scale), expected \(input.channels) finite factors other than 0"
    }
    guard let learnWhitening else { return nil }
    guard learnWhitening > 0 else { return "learn_whitening is \(learnWhitening), expected a number above 0" }
    return input.count > Self.mostWhitened ? "whitening of \(input.count) values, expected at most 4096" : nil
  }
}
