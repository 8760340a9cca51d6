"""The networks of engine/src/train/testing/networks.ts in PyTorch, with the same weights: element i of
a tensor is a hash of the tensor's name and i."""

import math

import numpy
import torch
from torch import nn
from torch.nn import functional as F


def hashed(name, count):
    """Uniform in [-1, 1): 24 bits of a hash (Wellons' lowbias32) of name and position."""
    seed = 2166136261
    for char in name:
        seed = ((seed ^ ord(char)) * 16777619) & 0xFFFFFFFF
    x = (numpy.arange(count, dtype=numpy.uint64) + seed).astype(numpy.uint32)
    x = (x ^ (x >> 16)) * numpy.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * numpy.uint32(0x846CA68B)
    return ((x ^ (x >> 16)) >> 8).astype(numpy.float64) / 2**23 - 1


def fill(network):
    """Gives every parameter the values that its name stands for."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            middle, bound = range_of(network, name, parameter)
            values = middle + bound * hashed(name, parameter.numel())
            values = torch.from_numpy(values.astype(numpy.float32)).reshape(parameter.shape)
            parameter.copy_(values)
    return network


def range_of(network, name, parameter):
    owner = network.get_submodule(name.rpartition(".")[0])
    if isinstance(owner, nn.Conv2d):
        return 0, math.sqrt(6 / parameter[0].numel())
    if isinstance(owner, nn.Linear):
        return 0, math.sqrt(1 / owner.in_features)
    if isinstance(owner, (nn.BatchNorm2d, nn.LayerNorm)):
        return (1 if name.endswith("weight") else 0), 0.25
    return 0, 1


def conv(inputs, outputs, kernel=3, stride=1, groups=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)


class OptionA(nn.Module):
    """Every other position, and zeros for the channels that the input does not have."""

    def __init__(self, more):
        super().__init__()
        self.more = more

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.more, self.more))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs), nn.BatchNorm2d(outputs)
        self.shortcut = OptionA(outputs // 4) if stride > 1 else nn.Identity()

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, 4 * width, 1), nn.BatchNorm2d(4 * width)
        projected = inputs != 4 * width or stride != 1
        self.downsample = (
            nn.Sequential(conv(inputs, 4 * width, 1, stride), nn.BatchNorm2d(4 * width))
            if projected
            else nn.Identity()
        )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet20(nn.Module):
    input, classes = (3, 32, 32), 10

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 16), nn.BatchNorm2d(16)
        inputs = 16
        for stage, outputs in enumerate([16, 32, 64]):
            blocks = []
            for i in range(3):
                blocks.append(BasicBlock(inputs, outputs, 2 if stage > 0 and i == 0 else 1))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(F.adaptive_avg_pool2d(x, 1).flatten(1))


class ResNet50(nn.Module):
    input, classes = (3, 224, 224), 1000

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 64, 7, 2), nn.BatchNorm2d(64)
        inputs = 64
        for stage, count in enumerate([3, 4, 6, 3]):
            blocks = []
            for i in range(count):
                blocks.append(Bottleneck(inputs, 64 << stage, 2 if stage > 0 and i == 0 else 1))
                inputs = 4 * (64 << stage)
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(2048, 1000)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def layer(inputs, outputs, kernel=1, stride=1, groups=1, bent=True):
    parts = [conv(inputs, outputs, kernel, stride, groups), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*parts, *([nn.ReLU6(inplace=True)] if bent else []))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, expansion, stride):
        super().__init__()
        hidden = inputs * expansion
        self.conv = nn.Sequential(
            *([layer(inputs, hidden)] if expansion > 1 else []),
            layer(hidden, hidden, 3, stride, hidden),
            layer(hidden, outputs, bent=False),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    input, classes, stem, last = (3, 224, 224), 1000, 32, 1280
    table = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)] + [
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]

    def __init__(self):
        super().__init__()
        features, inputs = [layer(3, self.stem, 3, 2)], self.stem
        for expansion, outputs, count, first in self.table:
            for i in range(count):
                stride = first if i == 0 else 1
                features.append(InvertedResidual(inputs, outputs, expansion, stride))
                inputs = outputs
        self.features = nn.Sequential(*features, layer(inputs, self.last))
        self.classifier = nn.Linear(self.last, self.classes)

    def forward(self, x):
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), 1).flatten(1))


class SmallMobileNet(MobileNetV2):
    input, classes, stem, last = (3, 32, 32), 10, 16, 64
    table = [(1, 8, 1, 1), (4, 12, 2, 2), (4, 16, 2, 2)]


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (
            each(x).view(batch, length, self.heads, -1).transpose(1, 2)
            for each in (self.q, self.k, self.v)
        )
        shares = torch.softmax(q @ k.transpose(2, 3) * math.sqrt(self.heads / width), -1)
        return self.o((shares @ v).transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class SmallTransformer(nn.Module):
    vocabulary, input, classes, width, heads = 50, (12,), 10, 32, 4

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(self.vocabulary, self.width)
        self.positions = nn.Parameter(torch.empty(self.input[0], self.width))
        self.blocks = nn.Sequential(*(Block(self.width, self.heads) for _ in range(2)))
        self.norm = nn.LayerNorm(self.width)
        self.head = nn.Linear(self.width, self.classes)

    def forward(self, tokens):
        x = self.blocks(self.embedding(tokens) + self.positions)
        return self.head(self.norm(x).mean(1))


networks = {
    "resnet20": ResNet20,
    "resnet50": ResNet50,
    "mobilenetV2": MobileNetV2,
    "smallMobilenet": SmallMobileNet,
    "smallTransformer": SmallTransformer,
}


def build(name):
    return fill(networks[name]())


def sample(network, batch):
    """A batch of inputs and its classes."""
    count = batch * math.prod(network.input)
    values = hashed("input", count)
    if isinstance(network, SmallTransformer):
        values = numpy.floor((values + 1) / 2 * network.vocabulary).astype(numpy.int64)
    else:
        values = values.astype(numpy.float32)
    x = torch.from_numpy(values).reshape(batch, *network.input)
    classes = numpy.floor((hashed("classes", batch) + 1) / 2 * network.classes)
    return x, torch.from_numpy(classes.astype(numpy.int64))
