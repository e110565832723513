"""The part of caffe.proto that networks of this kind use, as tables.

Fields that are not in a table are unknown fields: kept by nobody, and no error. Numbers and defaults are those of
BVLC/caffe, src/caffe/proto/caffe.proto. `ceil_mode` of a pool is OpenCV's word for `round_mode`, which
is for texts, and has a number of our own; so has `swiftalexnet_preprocessing`, which other programs pass over.
"""

# A message a paragraph: its name, then field, number, type and default. `*` is repeated, `+` repeated and packed.
MESSAGES = """
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
ENUMERATIONS = """
Phase TRAIN 0 TEST 1
PoolMethod MAX 0 AVE 1 STOCHASTIC 2
RoundMode CEIL 0 FLOOR 1
NormRegion ACROSS_CHANNELS 0 WITHIN_CHANNEL 1
"""

# The types of the old layers: number, old name, and the name that new layers have.
OLD_TYPES = """
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
