"""Modules in every form that their layers can be told from the text."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import Conv2d, Linear


def conv3x3(inputs, outputs):
    return nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)


class ConvNormAct(nn.Sequential):
    def __init__(self, inputs, outputs):
        super().__init__(
            nn.Conv2d(inputs, outputs, 3),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )


class Attention(nn.Module):
    def __init__(self, width, bias=True):
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.utils.parametrizations.weight_norm(nn.Linear(width, width))
        self.dropout = nn.Dropout(0.1)
        self.scale = width**-0.5
        if bias:
            self.bias = nn.Linear(width, 1)
        self.gate = nn.Linear(width, 4) if bias else nn.Identity()


class Net(Attention):
    def __init__(self, depth, blocks):
        super().__init__(64)
        self.stem = conv3x3(3, 64)
        self.plain = Conv2d(3, out_channels=32, kernel_size=1)
        self.embedding: nn.Module = nn.Embedding(1000, 64)
        self.named = nn.Sequential(
            OrderedDict([("conv", nn.Conv2d(64, 64, 3)), ("norm", nn.BatchNorm2d(64))])
        )
        self.keyed = nn.ModuleDict({"left": nn.Linear(64, 2), "right": Linear(64, 3)})
        self.listed = nn.ModuleList([ConvNormAct(64, 64), ConvNormAct(64, 128)])
        self.repeated = nn.ModuleList([Attention(64) for _ in range(depth)])
        self.made = self._stage(64, blocks)
        self.block = Attention(64)
        self.elsewhere = SomeBackbone(64)
        self.number = int(depth)

    def _stage(self, width, blocks):
        layers = []
        for _ in range(blocks):
            layers.append(ConvNormAct(width, width))
        return nn.Sequential(*layers)


class NotAModule:
    def __init__(self):
        self.conv = nn.Conv2d(1, 1, 1)
