"""The CIFAR ResNets of He et al. (2015, section 4.2) with parameter-free (option A) shortcuts, and
their weights out of the ONNX files that Coppice reads: one set of numbers for both."""

import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F


class Shortcut(nn.Module):
    """Every other position, and zeros for the channels that the input does not have."""

    def __init__(self, padding):
        super().__init__()
        self.padding = padding

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.padding, self.padding))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = Shortcut(outputs // 4) if stride > 1 else nn.Identity()

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        stage = lambda inputs, outputs, stride: nn.Sequential(
            Block(inputs, outputs, stride), *(Block(outputs, outputs, 1) for _ in range(blocks - 1))
        )
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(F.avg_pool2d(x, x.size(3)).view(x.size(0), -1))


def load(path):
    """The network of an ONNX file whose initializers are called as torch calls its parameters."""
    initializers = onnx.load(path).graph.initializer
    tensors = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in initializers}
    blocks = 1 + max(int(name.split(".")[1]) for name in tensors if name.startswith("layer1."))
    model = ResNet(blocks)
    wanted = [name for name in model.state_dict() if not name.endswith("num_batches_tracked")]
    missing = [name for name in wanted if name not in tensors]
    if missing:
        raise SystemExit(f"{path} has no initializers called {', '.join(missing[:3])}.")
    model.load_state_dict({name: tensors[name] for name in wanted}, strict=False)
    return model.eval()
