/**
 * The devices that Coppice knows. `npx tsx bench/device/published.ts --write` makes their files from
 * published measurements; `bench/device/devices.ts` says which, and why.
 */

import { deviceSchema, type Device } from '../profile';
import cobalt from './cobalt-azure-d64ps-v6.json';
import corei7 from './core-i7-13700k.json';
import dimensity9300 from './dimensity-9300.json';
import epyc from './epyc-azure-d64as-v7.json';
import rtx3060ti from './geforce-rtx-3060-ti.json';
import agxOrin from './jetson-agx-orin.json';
import agxXavier from './jetson-agx-xavier.json';
import jetsonNano from './jetson-nano.json';
import orinNano from './jetson-orin-nano.json';
import tx2nx from './jetson-tx2-nx.json';
import macbookAir from './macbook-air-m3.json';
import pi3 from './raspberry-pi-3b-plus.json';
import pi4 from './raspberry-pi-4.json';
import pi5 from './raspberry-pi-5.json';
import piZero2 from './raspberry-pi-zero-2w.json';
import rk3588 from './rk3588.json';
import ryzen7 from './ryzen-7-5700g.json';
import ryzen9 from './ryzen-9-5950x.json';
import snapdragon765 from './snapdragon-765g.json';
import snapdragon8 from './snapdragon-8-gen-2.json';
import snapdragon855 from './snapdragon-855-plus.json';
import m60 from './tesla-m60.json';
import t4 from './tesla-t4.json';
import v100 from './tesla-v100.json';
import visionfive2 from './visionfive-2.json';
import xeonAws from './xeon-aws-c5-4xlarge.json';
import xeonAzure from './xeon-azure-d64s-v6.json';

const boards = [pi3, pi4, pi5, piZero2, rk3588, visionfive2];
const jetsons = [jetsonNano, tx2nx, agxXavier, orinNano, agxOrin];
const phones = [snapdragon8, dimensity9300, snapdragon855, snapdragon765];
const computers = [corei7, ryzen9, ryzen7, macbookAir, xeonAzure, epyc, cobalt, xeonAws];
const gpus = [v100, t4, m60, rtx3060ti];

/** Parsed, so that a file that does not keep to the schema is found by the first test that runs. */
export const knownDevices: readonly Device[] = [
  ...boards,
  ...jetsons,
  ...phones,
  ...computers,
  ...gpus,
].map((file) => deviceSchema.parse(file));
