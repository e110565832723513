"""Temporary: the engine's step in parts, by its older calls; no dropout or crops."""
import numpy as np
from swiftalexnet import _native, ops
from swiftalexnet._support.native_arguments import RULES
from swiftalexnet.network import parameters

def narrow(x, out):
    u = np.ascontiguousarray(x).view(np.uint32)
    out[:] = ((u + 0x7FFF + ((u >> 16) & 1)) >> 16).astype(np.uint16)
def widen(x, out):
    out.view(np.uint32)[:] = x.astype(np.uint32) << 16
if not hasattr(_native, "narrow"):
    _native.narrow, _native.widen = narrow, widen

def flat(a):
    return a.transpose(np.argsort(a.strides)[::-1]).reshape(-1)

class Parts:
    def __init__(self, network, wire="float32"):
        self._n, self.wire = network, wire
        self._v = list(parameters.by_name(network, _native.VALUE).values())
        self._g = list(parameters.by_name(network, _native.GRADIENT).values())
        self._m = list(parameters.by_name(network, _native.VELOCITY).values())
        self._block = np.zeros(sum(v.size for v in self._v), np.float32)
        self._ready = 0
        self.fail = None
    def __getattr__(self, name):
        return getattr(self._n, name)
    def gradient_block(self):
        return self._block
    def gradients_ready(self):
        return self._ready
    def gradients_images(self, images, labels, pre, aug, options, share):
        self._ready = 0
        if self.fail: self.fail()
        crops = np.empty((len(images), pre.crop_height, pre.crop_width, images.shape[-1]), np.float32)
        if len(images): _native.crop_images(images, pre, 1, crops)
        parts, at, sums = [], 0, []
        for n in share.shards:
            x, y = crops[at:at+n], labels[at:at+n]
            w = None if options.sample_weight is None else options.sample_weight[at:at+n]
            at += n
            keep = y >= 0
            block = np.zeros_like(self._block)
            loss = errors = 0.0
            if keep.any():
                x, y = np.ascontiguousarray(x[keep]), y[keep]
                w = np.ones(len(y), np.float32) if w is None else w[keep]
                logits = np.empty((len(x), 4), np.float32)
                self._n.forward(x, 1, True, False, 0, 0, (0,0,0), logits)
                p = np.exp(logits - logits.max(1, keepdims=True)); p /= p.sum(1, keepdims=True)
                loss = float((-np.log(p[np.arange(len(y)), y]).astype(np.float64) * w).sum())
                errors = float((p.argmax(1) != y).sum())
                d = p.copy(); d[np.arange(len(y)), y] -= 1
                d *= (w / np.float32(share.divisor))[:, None]
                self._n.backward(np.ascontiguousarray(d, np.float32), 1, False, None)
                block = np.concatenate([flat(g) for g in self._g[::-1]])
            sums.append((loss, errors)); parts.append(block)
        while len(parts) > 1:
            parts = [self._add(a, b) for a, b in zip(parts[::2], parts[1::2])]
        self._block[:] = parts[0]
        self._ready = len(self._block)
        return tuple(sums)
    def _add(self, a, b):
        if self.wire == "bfloat16":
            from swiftalexnet.distributed.wire import Bfloat16Wire
            a, b = a.copy(), b.copy(); Bfloat16Wire().round(a); Bfloat16Wire().round(b)
        return a + b
    def apply_gradients(self, options):
        if not np.isfinite(self._block).all():
            raise _native.NonFiniteError("a gradient is not finite")
        at = 0
        for k in range(len(self._v))[::-1]:
            v, m = self._v[k], self._m[k]
            g = self._block[at:at+v.size]; at += v.size
            axes = np.argsort(v.strides)[::-1]
            fv, fm = v.transpose(axes), m.transpose(axes)
            a, b = np.ascontiguousarray(fv), np.ascontiguousarray(fm)
            _native.sgd_update(a.reshape(-1), b.reshape(-1), np.ascontiguousarray(g), float(options.rates[k]), options.momentum, float(options.decays[k]), options.rule)
            fv[...] = a; fm[...] = b
