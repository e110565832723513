"""The engines side by side: one module each, all with the same four words.

`NAMES` are the variants that a module offers. `Engine(variant, name, threads, weights)` builds AlexNet `paper` or `owt`;
`tensor(images)` puts float32 [batch, 3, 224, 224] into the order the engine likes best, outside the timing;
`forward(x)` gives logits as numpy [batch, 1000]. Engines that train also have `gradient(x, labels)`, the gradient of the mean
loss without dropout with respect to conv1's weight, as numpy [out, in, height, width], and `train_step(x, labels)`:
forward with dropout, softmax loss, backward, and SGD with the constants below.
"""

LEARNING_RATE = 1e-5  # small, so that random labels never drive the weights to infinity; the work is the same
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4
