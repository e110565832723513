"""The messages of caffe.proto that networks of this kind use, made from a table: no generated file, a pool of our own.

Fields that are not in the table are unknown fields: kept by nobody, and no error. Numbers and defaults are those of
BVLC/caffe, src/caffe/proto/caffe.proto. `ceil_mode` of a pool is others' name for `round_mode`, in texts only;
`swiftalexnet_preprocessing` is our own, in `.caffemodel` files only, where other programs pass over it.
"""

from functools import cache
from typing import Any

from ..._support.optional import require

EXTRA = "caffe"

# A message a paragraph: its name, then field, number, type and default. `*` is repeated, `+` repeated and packed.
_MESSAGES = """
BlobShape
dim 1 int64+

BlobProto
num 1 int32
channels 2 int32
height 3 int32
width 4 int32
data 5 float+
shape 7 BlobShape
double_data 8 double+

NetParameter
name 1 string
layers 2 V1LayerParameter*
input 3 string*
input_dim 4 int32*
state 6 NetState
input_shape 8 BlobShape*
layer 100 LayerParameter*
swiftalexnet_preprocessing 60001 string

NetState
phase 1 Phase TEST
level 2 int32 0
stage 3 string*

NetStateRule
phase 1 Phase
min_level 2 int32
max_level 3 int32
stage 4 string*
not_stage 5 string*

LayerParameter
name 1 string
type 2 string
bottom 3 string*
top 4 string*
blobs 7 BlobProto*
include 8 NetStateRule*
exclude 9 NetStateRule*
transform_param 100 TransformationParameter
convolution_param 106 ConvolutionParameter
data_param 107 DataParameter
dropout_param 108 DropoutParameter
image_data_param 115 DataParameter
inner_product_param 117 InnerProductParameter
lrn_param 118 LRNParameter
memory_data_param 119 MemoryDataParameter
pooling_param 121 PoolingParameter
power_param 122 PowerParameter
relu_param 123 ReLUParameter
softmax_param 125 SoftmaxParameter
window_data_param 129 DataParameter
reshape_param 133 ReshapeParameter
flatten_param 135 FlattenParameter
input_param 143 InputParameter

V1LayerParameter
layer 1 V0LayerParameter
bottom 2 string*
top 3 string*
name 4 string
type 5 V1LayerType
blobs 6 BlobProto*
convolution_param 10 ConvolutionParameter
data_param 11 DataParameter
dropout_param 12 DropoutParameter
image_data_param 15 DataParameter
inner_product_param 17 InnerProductParameter
lrn_param 18 LRNParameter
pooling_param 19 PoolingParameter
window_data_param 20 DataParameter
power_param 21 PowerParameter
memory_data_param 22 MemoryDataParameter
relu_param 30 ReLUParameter
include 32 NetStateRule*
exclude 33 NetStateRule*
transform_param 36 TransformationParameter
softmax_param 39 SoftmaxParameter

V0LayerParameter
name 1 string

TransformationParameter
scale 1 float 1
mirror 2 bool
crop_size 3 uint32
mean_file 4 string
mean_value 5 float*

DataParameter
scale 2 float 1
mean_file 3 string
crop_size 5 uint32

MemoryDataParameter
channels 2 uint32
height 3 uint32
width 4 uint32

InputParameter
shape 1 BlobShape*

ConvolutionParameter
num_output 1 uint32
bias_term 2 bool true
pad 3 uint32*
kernel_size 4 uint32*
group 5 uint32 1
stride 6 uint32*
pad_h 9 uint32
pad_w 10 uint32
kernel_h 11 uint32
kernel_w 12 uint32
stride_h 13 uint32
stride_w 14 uint32
axis 16 int32 1
dilation 18 uint32*

InnerProductParameter
num_output 1 uint32
bias_term 2 bool true
axis 5 int32 1
transpose 6 bool

PoolingParameter
pool 1 PoolMethod MAX
kernel_size 2 uint32
stride 3 uint32 1
pad 4 uint32 0
kernel_h 5 uint32
kernel_w 6 uint32
stride_h 7 uint32
stride_w 8 uint32
pad_h 9 uint32
pad_w 10 uint32
global_pooling 12 bool
round_mode 13 RoundMode CEIL
ceil_mode 1000 bool true

LRNParameter
local_size 1 uint32 5
alpha 2 float 1
beta 3 float 0.75
norm_region 4 NormRegion ACROSS_CHANNELS
k 5 float 1

DropoutParameter
dropout_ratio 1 float 0.5
scale_train 2 bool true

ReLUParameter
negative_slope 1 float

PowerParameter
power 1 float 1
scale 2 float 1
shift 3 float 0

SoftmaxParameter
axis 2 int32 1

FlattenParameter
axis 1 int32 1
end_axis 2 int32 -1

ReshapeParameter
shape 1 BlobShape
axis 2 int32 0
num_axes 3 int32 -1
"""

# An enumeration a line.
_ENUMERATIONS = """
Phase TRAIN 0 TEST 1
PoolMethod MAX 0 AVE 1 STOCHASTIC 2
RoundMode CEIL 0 FLOOR 1
NormRegion ACROSS_CHANNELS 0 WITHIN_CHANNEL 1
"""

_VALUES = {
    name: dict(zip(words[::2], map(int, words[1::2]), strict=True))
    for name, *words in map(str.split, _ENUMERATIONS.strip().splitlines())
}
POOL_METHODS, ROUND_MODES, NORM_REGIONS = _VALUES["PoolMethod"], _VALUES["RoundMode"], _VALUES["NormRegion"]

# The types of the old layers: number, old name, and the name that new layers have.
_OLD_TYPES = """
0 NONE None
35 ABSVAL AbsVal
1 ACCURACY Accuracy
30 ARGMAX ArgMax
2 BNLL BNLL
3 CONCAT Concat
37 CONTRASTIVE_LOSS ContrastiveLoss
4 CONVOLUTION Convolution
5 DATA Data
39 DECONVOLUTION Deconvolution
6 DROPOUT Dropout
32 DUMMY_DATA DummyData
7 EUCLIDEAN_LOSS EuclideanLoss
25 ELTWISE Eltwise
38 EXP Exp
8 FLATTEN Flatten
9 HDF5_DATA HDF5Data
10 HDF5_OUTPUT HDF5Output
28 HINGE_LOSS HingeLoss
11 IM2COL Im2col
12 IMAGE_DATA ImageData
13 INFOGAIN_LOSS InfogainLoss
14 INNER_PRODUCT InnerProduct
15 LRN LRN
29 MEMORY_DATA MemoryData
16 MULTINOMIAL_LOGISTIC_LOSS MultinomialLogisticLoss
34 MVN MVN
17 POOLING Pooling
26 POWER Power
18 RELU ReLU
19 SIGMOID Sigmoid
27 SIGMOID_CROSS_ENTROPY_LOSS SigmoidCrossEntropyLoss
36 SILENCE Silence
20 SOFTMAX Softmax
21 SOFTMAX_LOSS SoftmaxWithLoss
22 SPLIT Split
33 SLICE Slice
23 TANH TanH
24 WINDOW_DATA WindowData
31 THRESHOLD Threshold
"""

_OLD_TYPE_ROWS = [(int(number), old, new) for number, old, new in map(str.split, _OLD_TYPES.strip().splitlines())]
TYPE_OF_OLD = {number: new for number, _, new in _OLD_TYPE_ROWS}

# Where the layers of a file lie, for the reader that leaves the blobs where they are.
OLD_LAYERS, NEW_LAYERS = 2, 100
OLD_BLOBS, NEW_BLOBS = 6, 7

OLDEST = (
    "is in Caffe's first format, of 2013: upgrade it with Caffe's tools upgrade_net_proto_binary and "
    "upgrade_net_proto_text"
)


def message(name: str, operation: str) -> Any:
    """Return an empty message.

    Raises
    ------
    ImportError
        protobuf is not installed; the error names the extra.
    """
    require("google.protobuf", EXTRA, operation)
    return _classes()[name]()


@cache
def _classes() -> dict[str, Any]:
    """Return the classes of all messages by name."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="swiftalexnet/caffe.proto", package="caffe", syntax="proto2")
    enumerations = _VALUES | {"V1LayerType": {old: number for number, old, _ in _OLD_TYPE_ROWS}}
    for name, values in enumerations.items():
        enumeration = file.enum_type.add(name=name)
        for label, number in values.items():
            enumeration.value.add(name=label, number=number)
    paragraphs = _MESSAGES.strip().split("\n\n")
    for paragraph in paragraphs:
        name, *lines = paragraph.splitlines()
        message = file.message_type.add(name=name)
        for line in lines:
            _add_field(message, enumerations, *line.split())
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    names = [paragraph.split("\n", 1)[0] for paragraph in paragraphs]
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"caffe.{name}")) for name in names}


def _add_field(message: Any, enumerations: Any, name: str, number: str, kinds: str, default: str | None = None) -> None:
    kind = kinds.rstrip("*+")
    field = message.field.add(name=name, number=int(number))
    field.label = field.LABEL_OPTIONAL if kind == kinds else field.LABEL_REPEATED
    if kind.islower() or kind[-1].isdigit():
        field.type = getattr(field, f"TYPE_{kind.upper()}")
    else:
        field.type = field.TYPE_ENUM if kind in enumerations else field.TYPE_MESSAGE
        field.type_name = f".caffe.{kind}"
    if kinds.endswith("+"):
        field.options.packed = True
    if default is not None:
        field.default_value = default
