extension ImageInput {
  /// Which crops of an image are evaluated. Images may have any height and width that fit the crop.
  public enum Views: Hashable, Sendable {
    case center
    /// The centre, then its mirror image: used by dense evaluation, with a crop as large as the image.
    case centerAndMirror
    /// A regular grid of 3 × 3 crops without mirror images, row by row (the providers of CIFAR-10 of the 2012 code and
    /// of cuda-convnet2; cuda-convnet 1 has ten views).
    case grid9
    /// Top left, top right, centre, bottom left, bottom right, then their mirror images in the same order (2012
    /// paper, section 4.1; in the order of the authors' code).
    case ten
    /// A regular grid of 5 × 5 crops, row by row, then their mirror images in the same order (Simonyan and Zisserman
    /// 2014, section 3.2).
    case grid50

    public var count: Int {
      switch self {
      case .center: return 1
      case .centerAndMirror: return 2
      case .grid9: return 9
      case .ten: return 10
      case .grid50: return 50
      }
    }

    /// Where view number `view` is cropped from an image that is `bottom` rows higher and `right` columns wider than
    /// the crop, and whether it is mirrored. A centre between two pixels goes to the upper or left one.
    func place(_ view: Int, bottom: Int, right: Int) -> (top: Int, left: Int, mirrored: Bool) {
      switch self {
      case .center, .centerAndMirror: return (bottom / 2, right / 2, view == 1)
      case .ten:
        let mirrored = view >= 5
        switch view % 5 {
        case 0: return (0, 0, mirrored)
        case 1: return (0, right, mirrored)
        case 2: return (bottom / 2, right / 2, mirrored)
        case 3: return (bottom, 0, mirrored)
        default: return (bottom, right, mirrored)
        }
      case .grid9: return (Self.offset(view / 3, of: 3, room: bottom), Self.offset(view % 3, of: 3, room: right), false)
      case .grid50:
        let (row, column) = (view % 25 / 5, view % 5)
        return (Self.offset(row, of: 5, room: bottom), Self.offset(column, of: 5, room: right), view >= 25)
      }
    }

    /// Offset `i` of `k` spread evenly over `room` pixels, both ends included: i · room / (k − 1), rounded to the
    /// nearest, halves up.
    private static func offset(_ i: Int, of k: Int, room: Int) -> Int { (2 * i * room + k - 1) / (2 * (k - 1)) }
  }
}
