"""Prunes one CIFAR ResNet with Torch-Pruning in one shot, without training, and measures it.

    python compare.py --model resnet20-cifar10-bn.onnx --train train.npz --test test.npz
                      --cases '[{"criterion": "l2", "scope": "global", "target": 0.5, "seed": 1}]'

`target` is the share of the MACs that is left. Prints one JSON object a line, as results come. Only the channels inside of each block are pruned
(the stem, the second convolution of every block and the classifier are ignored layers), because the
dependency graph does not follow option-A shortcuts: `"case": "whole"` shows what happens there.
BatchNormalization is re-estimated on training images in train mode without gradients, as a
cumulative average, once on the images as they are and once with flips and shifted crops.
"""

import argparse
import copy
import json
import platform
import time
import warnings
from importlib.metadata import version

import numpy as np
import torch
import torch_pruning as tp
from torch import nn

from resnet import load

warnings.filterwarnings("ignore")
example = torch.zeros(1, 3, 32, 32)
mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)

importances = {
    "l1": lambda: tp.importance.GroupMagnitudeImportance(p=1),
    "l2": lambda: tp.importance.GroupMagnitudeImportance(p=2),
    "fpgm": lambda: tp.importance.FPGMImportance(),
    "lamp": lambda: tp.importance.LAMPImportance(),
    "batchnorm-scale": lambda: tp.importance.BNScaleImportance(),
    "random": lambda: tp.importance.RandomImportance(),
}


def main():
    args = arguments()
    model = load(args.model)
    test = images(args.test)
    train = images(args.train, args.images)
    whole_macs, whole_params = cost(model)
    emit(
        case="before",
        versions=f"Torch-Pruning {version('torch-pruning')}, PyTorch {torch.__version__}, Python {platform.python_version()}",
        threads=torch.get_num_threads(),
        top1=accuracy(model, test),
        plain=accuracy(reestimated(model, train, augment=False), test),
        augmented=accuracy(reestimated(model, train, augment=True), test),
        macs=whole_macs,
        params=whole_params,
    )
    for outcome in whole_network(model, test):
        emit(case="whole", **outcome)
    for each in args.cases:
        target = each["target"] * whole_macs
        pruned, seconds = pruned_to(model, each["criterion"], each["scope"], target, each["seed"])
        macs, params = cost(pruned)
        emit(
            case="inner",
            **each,
            macs=macs / whole_macs,
            params=params / whole_params,
            seconds=seconds,
            pruned=accuracy(pruned, test),
            plain=accuracy(reestimated(pruned, train, augment=False), test),
            augmented=accuracy(reestimated(pruned, train, augment=True), test),
        )


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("model", "train", "test"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--cases", type=json.loads, required=True)
    parser.add_argument("--images", type=int, default=2000, help="training images for BatchNormalization")
    return parser.parse_args()


def emit(**fields):
    print(json.dumps(fields), flush=True)


def images(path, count=None):
    """Normalized images and labels."""
    with np.load(path) as file:
        pixels, labels = file["images"][:count], file["labels"][:count]
    return (torch.from_numpy(pixels).float() / 255 - mean) / std, torch.from_numpy(labels)


@torch.no_grad()
def accuracy(model, data):
    pixels, labels = data
    model.eval()
    right = sum(
        (model(pixels[at : at + 256]).argmax(1) == labels[at : at + 256]).sum().item()
        for at in range(0, len(labels), 256)
    )
    return right / len(labels)


@torch.no_grad()
def reestimated(model, data, augment):
    """A copy whose running statistics are the cumulative average over batches of 250 images."""
    model = copy.deepcopy(model)
    random = torch.Generator().manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    model.train()
    for batch in data[0].split(250):
        model(flipped_and_cropped(batch, random) if augment else batch)
    return model.eval()


def flipped_and_cropped(batch, random):
    """Half of the images mirrored, all of them shifted by up to four pixels."""
    # Padding is black before normalization, as in training.
    padded = (-mean / std).expand(3, 40, 40).repeat(len(batch), 1, 1, 1)
    padded[:, :, 4:36, 4:36] = batch
    moves = torch.randint(0, 9, (len(batch), 2), generator=random)
    flips = torch.rand(len(batch), generator=random) < 0.5
    crops = [image[:, y : y + 32, x : x + 32] for image, (y, x) in zip(padded, moves.tolist())]
    return torch.stack([crop.flip(2) if flip else crop for crop, flip in zip(crops, flips)])


@torch.no_grad()
def cost(model):
    """Multiply-accumulates of convolutions and linear layers for one image, and params."""
    macs = 0

    def count(module, _, output):
        nonlocal macs
        weights = module.weight[0].numel()
        macs += weights * output.numel()

    layers = [each for each in model.modules() if isinstance(each, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    model.eval()(example)
    for hook in hooks:
        hook.remove()
    return macs, sum(each.numel() for each in model.parameters())


def prune_once(model, criterion, scope, ratio, seed):
    """A pruned copy and the seconds for the dependency graph, scoring and surgery."""
    model = copy.deepcopy(model)
    torch.manual_seed(seed)
    ignored = [model.conv1, model.linear]
    ignored += [block.conv2 for stage in (model.layer1, model.layer2, model.layer3) for block in stage]
    pruner = tp.pruner.BNScalePruner if criterion == "batchnorm-scale" else tp.pruner.MagnitudePruner
    threads = torch.get_num_threads()
    # Scoring is many small operations, for which one thread is quicker than several.
    torch.set_num_threads(1)
    start = time.perf_counter()
    pruner(
        model,
        example,
        importance=importances[criterion](),
        global_pruning=scope == "global",
        pruning_ratio=ratio,
        ignored_layers=ignored,
    ).step()
    seconds = time.perf_counter() - start
    torch.set_num_threads(threads)
    return model, seconds


def pruned_to(model, criterion, scope, target, seed):
    """The pruning whose MACs are nearest to the target, by bisection of the ratio."""
    low, high = 0.0, 1.0
    best = None
    for _ in range(12):
        ratio = (low + high) / 2
        pruned, seconds = prune_once(model, criterion, scope, ratio, seed)
        macs, _ = cost(pruned)
        if best is None or abs(macs - target) < abs(best[0] - target):
            best = (macs, pruned, seconds)
        if macs > target:
            low = ratio
        else:
            high = ratio
    return best[1], best[2]


def whole_network(model, test):
    """What becomes of the network when the channels of the residual trunk take part."""
    for scope in ("local", "global"):
        copied = copy.deepcopy(model)
        pruner = tp.pruner.MagnitudePruner(
            copied,
            example,
            importance=tp.importance.GroupMagnitudeImportance(p=2),
            global_pruning=scope == "global",
            pruning_ratio=0.3,
            ignored_layers=[copied.linear],
        )
        try:
            pruner.step()
            copied(example)
            yield {"what": f"30 % of all channels, {scope}", "outcome": "runs", "top1": accuracy(copied, test)}
        except Exception as error:
            yield {"what": f"30 % of all channels, {scope}", "outcome": f"{type(error).__name__}: {error}"}
    for channel in (3, 5, 10):
        yield one_trunk_channel(model, test, channel)


def one_trunk_channel(model, test, channel):
    """One channel of the trunk by its group; the classifier, which it gets wrong, put right by hand."""
    model = copy.deepcopy(model)
    graph = tp.DependencyGraph().build_dependency(model, example)
    group = graph.get_pruning_group(model.conv1, tp.prune_conv_out_channels, [channel])
    passed = graph.check_pruning_group(group)
    removed = []
    for dependency, indices in group:
        if dependency.target.module is model.linear:
            removed, indices = indices, [channel]
        dependency(indices)
    return {
        "what": f"trunk channel {channel}",
        "channel": channel,
        "checked": passed,
        "linear_inputs": tp._helpers.to_plain_idxs(removed),
        "outcome": "runs, once the classifier is put right by hand",
        "top1": accuracy(model, test),
    }


if __name__ == "__main__":
    main()
