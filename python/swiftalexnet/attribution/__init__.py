"""Which pixels a network's answer rests on: one function a method, each called as `f(model, images, target, layer)`.

>>> sa.attribution.grad_cam(model, "photo.jpg").plot()

Images come in any of the forms that `predict` takes, and are prepared as the model prepares them. What is explained is
a class's logit, by default that of each image's likeliest class; with a layer, for all but the two Grad-CAMs, the
activation of one of its units.
"""

from .activation_maximization import Maximization, activation_maximization
from .deconvnet import deconvnet
from .grad_cam import grad_cam
from .grad_cam_pp import grad_cam_pp
from .guided_backpropagation import guided_backpropagation
from .guided_grad_cam import guided_grad_cam
from .input_x_gradient import input_x_gradient
from .integrated_gradients import integrated_gradients
from .occlusion import occlusion
from .result import Attribution
from .saliency import saliency
from .smooth_grad import smooth_grad

__all__ = [
    "Attribution",
    "Maximization",
    "activation_maximization",
    "deconvnet",
    "grad_cam",
    "grad_cam_pp",
    "guided_backpropagation",
    "guided_grad_cam",
    "input_x_gradient",
    "integrated_gradients",
    "occlusion",
    "saliency",
    "smooth_grad",
]
