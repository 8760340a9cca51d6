/** `coppice anchor`: puts the figures of a published device right by models that were timed on it. */

import { basename } from 'node:path';
import { anchorProfile, type Anchor } from '#engine/device/anchor';
import { findTarget } from '#engine/device/find-target';
import { targetId, variantOf, type Device, type Target } from '#engine/device/profile';
import { knownDevices } from '#engine/device/profiles/index';
import { loadDevices, saveDevice } from '#engine/device/store';
import { workloadOf } from '#engine/device/workload';
import { CoppiceError } from '#engine/ir/issue';
import type { Bindings } from '#engine/ir/dim';
import { bindFlag, bindings } from '../bindings';
import type { Command, Terminal } from '../command';
import { openModel } from '../open-model';

export const anchorCommand: Command = {
  name: 'anchor',
  summary: 'Puts the figures of a published device right by models that you timed on it.',
  usage: 'coppice anchor DEVICE MODEL=MS [MODEL=MS …] [--bind NAME=SIZE]',
  flags: [bindFlag],
  run: async ({ positionals: [name, ...pairs], flags, terminal }) => {
    if (name === undefined || pairs.length === 0) {
      const usage = 'Give a device and what models took on it: coppice anchor DEVICE MODEL=MS.';
      throw new CoppiceError('usage', usage);
    }
    const { devices, issues } = await loadDevices();
    for (const { message } of issues) terminal.note(message);
    const target = publishedOf(findTarget(name, devices));
    const anchors = pairs.map((pair) => anchorOf(pair, bindings(flags.bind), terminal));
    const profile = anchorProfile(target, anchors);
    const anchored = { ...target, profile };
    const file = await saveDevice(withProfile(anchored));
    terminal.note(`Saved in ${file}.`);
    terminal.result(flags.json ? JSON.stringify(profile) : summary(anchored));
    return 0;
  },
};

/** What was anchored before is anchored anew, not on top. */
function publishedOf(target: Target): Target {
  const { device, profile } = target;
  const known = knownDevices.find(({ id }) => id === device.id);
  const published = known?.profiles.find(
    (each) => each.origin === 'published' && variantOf(each) === variantOf(profile),
  );
  return published ? { device, profile: published } : target;
}

/** @throws CoppiceError `usage` for what is not `model.onnx=83` or `model.onnx=83ms`. */
function anchorOf(pair: string, bind: Bindings | undefined, terminal: Terminal): Anchor {
  const [, file, number] = /^(.+)=(\d+(?:\.\d+)?) *(?:ms)?$/.exec(pair) ?? [];
  const ms = Number(number);
  if (!file || !(ms > 0)) {
    const message = `"${pair}" is not MODEL=MS, as in resnet.onnx=83 or resnet.onnx=83ms.`;
    throw new CoppiceError('usage', message);
  }
  const { model } = openModel(file, terminal);
  return { model: basename(file), workload: workloadOf(model, bind), ms };
}

/** The user's file of the device: what else was measured of it stays. */
function withProfile({ device, profile }: Target): Device {
  const kept = device.profiles.filter(
    (each) =>
      (each.origin === 'calibrated' || each.origin === 'anchored') &&
      variantOf(each) !== variantOf(profile),
  );
  return { ...device, $schema: undefined, profiles: [profile, ...kept] };
}

function summary(target: Target): string {
  const { anchors = [], interval } = target.profile;
  const lines = anchors.map(({ model, measuredMs, estimatedMs }) => {
    const ratio = (measuredMs / estimatedMs).toFixed(2);
    return `${model}: ${measuredMs} ms measured, ${estimatedMs} ms as published, ratio ${ratio}`;
  });
  const [low, high] = [interval?.q10 ?? 0, interval?.q90 ?? 0].map((each) => Math.exp(each) - 1);
  const percent = (share: number) =>
    `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(0)} %`;
  return [
    ...lines,
    `${targetId(target)} is anchored: expect ${percent(low)} to ${percent(high)} of its estimates in four cases of five.`,
  ].join('\n');
}
