// What a Swift program sees with `import SwiftAlexNet`: models and the types that describe them. Kernels, memory and
// threads are internal to the engine; their modules can be imported by name, with no promise of stability.

import Imaging
import Networks
import Tensors
import Training

/// Why something was refused or failed; its text says what was given and what was expected.
public typealias EngineError = Tensors.EngineError

// MARK: Images

public typealias Image = Imaging.Image
public typealias ImageSet = Training.ImageSet
public typealias Preprocessing = Imaging.Preprocessing
/// Which crops of an image are averaged.
public typealias Views = ImageInput.Views

// MARK: Networks

public typealias Network = Networks.Network
public typealias NetworkSpec = Networks.NetworkSpec
public typealias NodeSpec = Networks.NodeSpec
public typealias NodeOperation = Networks.NodeOperation
public typealias NodeSummary = Networks.NodeSummary
public typealias FeatureShape = Tensors.FeatureShape
public typealias Parameter = Networks.Parameter
public typealias Initialization = Networks.Initialization
public typealias Catalog = Networks.Catalog
public typealias Precision = Networks.Precision
public typealias Arithmetic = Networks.Arithmetic

// MARK: Training

public typealias Recipe = Training.Recipe
public typealias Schedule = Training.Schedule
public typealias ParameterGroup = Training.ParameterGroup
public typealias StepReport = Training.StepReport
public typealias MemoryUse = Training.MemoryUse
