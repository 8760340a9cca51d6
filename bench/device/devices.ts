/**
 * Which published runs make the profiles of which device, and what is known of it from its makers.
 * Hardware is as the measurements' headings and the makers' product pages give it. Prices are on-demand
 * list prices for 730 hours, without discounts, and only as good as their date.
 */

import type { Device } from '../../engine/src/device/profile';

export interface PublishedDevice extends Omit<Device, 'profiles'> {
  /** The first is meant where nobody says which. */
  readonly runs: readonly PublishedRun[];
  /** Peak rates, from the makers' data sheets, for bounds. */
  readonly peaks?: readonly Peak[];
}

export interface PublishedRun {
  /** Id in `ncnn-measurements.json`, the line of the benchmark's page. */
  readonly run: `ncnn-${string}`;
  /** ncnn computes in fp16 where the hardware can; `mixed` where the driver decides. */
  readonly precision: 'fp32' | 'fp16' | 'mixed';
  /** Runs of the same device whose int8 models ran on the CPU give int8 profiles, too. */
  readonly int8?: boolean;
  readonly notes?: readonly string[];
}

export interface Peak {
  readonly precision: 'fp32' | 'fp16' | 'int8';
  /** Operations, a multiply-accumulate counting as two. */
  readonly teraOperationsPerSecond: number;
  readonly gigabytesPerSecond: number;
  readonly source: { readonly text: string; readonly date: string };
}

const gib = 2 ** 30;

/** CPU cores with half-precision arithmetic compute float models in it. */
function cpu(
  run: PublishedRun['run'],
  precision: 'fp32' | 'fp16',
  ...notes: string[]
): PublishedRun {
  return { run, precision, int8: true, ...(notes.length > 0 && { notes }) };
}

function gpu(
  run: PublishedRun['run'],
  precision: 'fp32' | 'fp16' | 'mixed',
  ...notes: string[]
): PublishedRun {
  return { run, precision, ...(notes.length > 0 && { notes }) };
}

const tensorRt =
  'Through Vulkan. TensorRT is often two to three times as fast on this GPU: ResNet-50 on a Jetson Nano took 93 ms here and 29.8 ms with TensorRT in fp16.';

function listPrice(instance: string, perHour: number, date: string): Device['price'] {
  return {
    perMonth: Math.round(perHour * 730),
    currency: 'USD',
    instance,
    source: `approximate list price, on demand, Linux, US East: ${perHour} USD an hour`,
    date,
  };
}

const boards: readonly PublishedDevice[] = [
  {
    id: 'raspberry-pi-3b-plus',
    name: 'Raspberry Pi 3B+',
    hardware: 'Raspberry Pi 3 Model B+, BCM2837B0, 4 × Cortex-A53 at 1.4 GHz',
    cores: 4,
    memoryBytes: gib,
    runs: [cpu('ncnn-01756', 'fp32'), cpu('ncnn-01795', 'fp32')],
  },
  {
    id: 'raspberry-pi-4',
    name: 'Raspberry Pi 4',
    hardware: 'Raspberry Pi 4 Model B, BCM2711B0, 4 × Cortex-A72 at 1.8 GHz',
    cores: 4,
    memoryBytes: 4 * gib,
    runs: [cpu('ncnn-01837', 'fp32'), cpu('ncnn-01879', 'fp32')],
  },
  {
    id: 'raspberry-pi-5',
    name: 'Raspberry Pi 5',
    hardware: 'Raspberry Pi 5, BCM2712, 4 × Cortex-A76 at 2.4 GHz, VideoCore VII',
    cores: 4,
    memoryBytes: 8 * gib,
    runs: [cpu('ncnn-01923', 'fp16'), cpu('ncnn-01966', 'fp16'), gpu('ncnn-02020', 'mixed')],
  },
  {
    id: 'raspberry-pi-zero-2w',
    name: 'Raspberry Pi Zero 2 W',
    hardware: 'Raspberry Pi Zero 2 W, BCM2710A1, 4 × Cortex-A53 at 1.0 GHz',
    cores: 4,
    memoryBytes: gib / 2,
    runs: [cpu('ncnn-02165', 'fp32'), cpu('ncnn-02202', 'fp32')],
  },
  {
    id: 'rk3588',
    name: 'Rockchip RK3588',
    hardware: 'Rockchip RK3588, 4 × Cortex-A76 at 2.4 GHz and 4 × Cortex-A55 at 1.8 GHz, Mali-G610',
    cores: 8,
    runs: [
      cpu(
        'ncnn-03902',
        'fp16',
        'Measured on an Orange Pi 5 Plus, on the four large cores. Three boards with this chip differed by up to a factor of two.',
      ),
      cpu('ncnn-07934', 'fp16'),
      gpu('ncnn-02842', 'fp16'),
    ],
  },
  {
    id: 'visionfive-2',
    name: 'VisionFive 2',
    hardware: 'StarFive JH7110, 4 × SiFive U74 (RV64GC) at 1.5 GHz',
    cores: 4,
    runs: [cpu('ncnn-07676', 'fp32')],
  },
];

const jetsons: readonly PublishedDevice[] = [
  {
    id: 'jetson-nano',
    name: 'Jetson Nano',
    hardware: 'NVIDIA Jetson Nano, 4 × Cortex-A57, Maxwell with 128 CUDA cores',
    cores: 4,
    memoryBytes: 4 * gib,
    runs: [
      gpu('ncnn-04375', 'fp16', tensorRt),
      cpu('ncnn-04414', 'fp32'),
      cpu('ncnn-04453', 'fp32'),
    ],
  },
  {
    id: 'jetson-tx2-nx',
    name: 'Jetson TX2 NX',
    hardware:
      'NVIDIA Jetson TX2 NX, 2 × Denver2 and 4 × Cortex-A57 at 2.0 GHz, Pascal with 256 CUDA cores',
    cores: 6,
    memoryBytes: 4 * gib,
    runs: [
      gpu('ncnn-04547', 'fp16', tensorRt),
      cpu('ncnn-04588', 'fp32'),
      cpu('ncnn-04629', 'fp32'),
    ],
  },
  {
    id: 'jetson-agx-xavier',
    name: 'Jetson AGX Xavier',
    hardware: 'NVIDIA Jetson AGX Xavier, 8 × Carmel at 2.2 GHz, Volta with 512 CUDA cores',
    cores: 8,
    memoryBytes: 32 * gib,
    runs: [
      gpu('ncnn-06996', 'fp16', tensorRt),
      cpu('ncnn-06914', 'fp16'),
      cpu('ncnn-06836', 'fp16'),
    ],
  },
  {
    id: 'jetson-orin-nano',
    name: 'Jetson Orin Nano',
    hardware: 'NVIDIA Jetson Orin Nano, 6 × Cortex-A78AE, Ampere with 1024 CUDA cores',
    cores: 6,
    memoryBytes: 8 * gib,
    runs: [
      gpu('ncnn-04201', 'fp16', tensorRt),
      cpu('ncnn-04243', 'fp16'),
      cpu('ncnn-04284', 'fp16'),
    ],
  },
  {
    id: 'jetson-agx-orin',
    name: 'Jetson AGX Orin',
    hardware: 'NVIDIA Jetson AGX Orin, 12 × Cortex-A78AE at 2.2 GHz, Ampere with 2048 CUDA cores',
    cores: 12,
    memoryBytes: 32 * gib,
    runs: [
      gpu('ncnn-00296', 'fp16', tensorRt),
      cpu('ncnn-00175', 'fp16'),
      cpu('ncnn-00097', 'fp16'),
      cpu('ncnn-00214', 'fp16'),
    ],
  },
];

const phones: readonly PublishedDevice[] = [
  {
    id: 'snapdragon-8-gen-2',
    name: 'Snapdragon 8 Gen 2',
    hardware:
      'Qualcomm SM8550-AB, 1 × Cortex-X3 at 3.2 GHz, 4 at 2.8 GHz, 3 at 2.0 GHz, Adreno 740',
    cores: 8,
    runs: [cpu('ncnn-08712', 'fp16'), cpu('ncnn-08671', 'fp16'), gpu('ncnn-08843', 'fp16')],
  },
  {
    id: 'dimensity-9300',
    name: 'Dimensity 9300',
    hardware:
      'MediaTek MT6989, Cortex-X4 at 3.25 GHz and 3 at 2.85 GHz, 4 × Cortex-A720 at 2.0 GHz, Immortalis-G720',
    cores: 8,
    runs: [cpu('ncnn-08929', 'fp16'), cpu('ncnn-09011', 'fp16'), gpu('ncnn-09057', 'fp16')],
  },
  {
    id: 'snapdragon-855-plus',
    name: 'Snapdragon 855+',
    hardware: 'Qualcomm SM8150-AC, Kryo 485: 2.96 GHz, 3 at 2.42 GHz, 4 at 1.8 GHz, Adreno 640',
    cores: 8,
    runs: [cpu('ncnn-00659', 'fp16'), cpu('ncnn-00701', 'fp16'), gpu('ncnn-00747', 'fp16')],
  },
  {
    id: 'snapdragon-765g',
    name: 'Snapdragon 765G',
    hardware: 'Qualcomm SDM765G, Kryo 475: 2 at 2.2 GHz and 6 at 1.8 GHz, Adreno 620',
    cores: 8,
    runs: [cpu('ncnn-01061', 'fp16'), gpu('ncnn-01108', 'fp16')],
  },
];

const computers: readonly PublishedDevice[] = [
  {
    id: 'core-i7-13700k',
    name: 'Core i7-13700K',
    hardware: 'Intel Core i7-13700K, desktop',
    cores: 16,
    runs: [cpu('ncnn-08575', 'fp32')],
  },
  {
    id: 'ryzen-9-5950x',
    name: 'Ryzen 9 5950X',
    hardware: 'AMD Ryzen 9 5950X, 16 cores, desktop',
    cores: 16,
    runs: [cpu('ncnn-08370', 'fp32')],
  },
  {
    id: 'ryzen-7-5700g',
    name: 'Ryzen 7 5700G',
    hardware: 'AMD Ryzen 7 5700G, 8 × Zen 3 at 3.8 to 4.6 GHz',
    cores: 8,
    runs: [cpu('ncnn-07542', 'fp32'), cpu('ncnn-07584', 'fp32')],
  },
  {
    id: 'macbook-air-m3',
    name: 'MacBook Air M3',
    hardware: 'Apple M3, 4 + 4 cores',
    cores: 8,
    runs: [cpu('ncnn-07123', 'fp16'), gpu('ncnn-07170', 'fp16')],
  },
  {
    id: 'xeon-azure-d64s-v6',
    name: 'Xeon (Azure D64s v6)',
    hardware: 'Intel Xeon Platinum 8573C, 64 virtual CPUs',
    cores: 64,
    memoryBytes: 256 * gib,
    price: listPrice('Azure Standard_D64s_v6', 3.226, '2025'),
    runs: [
      cpu('ncnn-10396', 'fp32'),
      cpu('ncnn-10314', 'fp32'),
      cpu('ncnn-10355', 'fp32'),
      cpu('ncnn-10437', 'fp32'),
      cpu('ncnn-10478', 'fp32'),
    ],
  },
  {
    id: 'epyc-azure-d64as-v7',
    name: 'EPYC (Azure D64as v7)',
    hardware: 'AMD EPYC, 64 virtual CPUs',
    cores: 64,
    memoryBytes: 256 * gib,
    runs: [cpu('ncnn-10992', 'fp32'), cpu('ncnn-10910', 'fp32'), cpu('ncnn-11033', 'fp32')],
  },
  {
    id: 'cobalt-azure-d64ps-v6',
    name: 'Cobalt 100 (Azure D64ps v6)',
    hardware: 'Microsoft Cobalt 100 (Arm Neoverse N2), 64 virtual CPUs',
    cores: 64,
    memoryBytes: 256 * gib,
    runs: [cpu('ncnn-09800', 'fp16'), cpu('ncnn-09718', 'fp16'), cpu('ncnn-09841', 'fp16')],
  },
  {
    id: 'xeon-aws-c5-4xlarge',
    name: 'Xeon (AWS c5.4xlarge)',
    hardware: 'Intel Xeon Platinum 8124M, 16 virtual CPUs',
    cores: 16,
    memoryBytes: 32 * gib,
    price: listPrice('AWS c5.4xlarge', 0.68, '2024'),
    runs: [cpu('ncnn-08068', 'fp32')],
  },
];

const v100Sheet = { text: 'NVIDIA Tesla V100 data sheet (PCIe)', date: '2020' };
const t4Sheet = { text: 'NVIDIA T4 data sheet', date: '2019' };

const gpus: readonly PublishedDevice[] = [
  {
    id: 'tesla-v100',
    name: 'Tesla V100',
    hardware: 'NVIDIA Tesla V100-PCIE-32GB, 80 multiprocessors',
    memoryBytes: 32 * gib,
    price: listPrice('Azure Standard_NC6s_v3 (one V100 of 16 GB)', 3.06, '2024'),
    runs: [gpu('ncnn-09413', 'fp16', tensorRt)],
    peaks: [
      {
        precision: 'fp32',
        teraOperationsPerSecond: 14,
        gigabytesPerSecond: 900,
        source: v100Sheet,
      },
      {
        precision: 'fp16',
        teraOperationsPerSecond: 112,
        gigabytesPerSecond: 900,
        source: v100Sheet,
      },
    ],
  },
  {
    id: 'tesla-t4',
    name: 'Tesla T4',
    hardware: 'NVIDIA T4, 2560 CUDA cores, 320 tensor cores',
    memoryBytes: 16 * gib,
    price: listPrice('AWS g4dn.xlarge', 0.526, '2024'),
    runs: [],
    peaks: [
      { precision: 'fp32', teraOperationsPerSecond: 8.1, gigabytesPerSecond: 320, source: t4Sheet },
      { precision: 'fp16', teraOperationsPerSecond: 65, gigabytesPerSecond: 320, source: t4Sheet },
      { precision: 'int8', teraOperationsPerSecond: 130, gigabytesPerSecond: 320, source: t4Sheet },
    ],
  },
  {
    id: 'tesla-m60',
    name: 'Tesla M60',
    hardware: 'NVIDIA Tesla M60, one of its two GPUs, 2048 CUDA cores',
    memoryBytes: 8 * gib,
    price: listPrice('AWS g3s.xlarge', 0.75, '2024'),
    runs: [],
    peaks: [
      {
        precision: 'fp32',
        teraOperationsPerSecond: 4.8,
        gigabytesPerSecond: 160,
        source: { text: 'NVIDIA Tesla M60 data sheet, halved for one GPU', date: '2016' },
      },
    ],
  },
  {
    id: 'geforce-rtx-3060-ti',
    name: 'GeForce RTX 3060 Ti',
    hardware: 'NVIDIA GeForce RTX 3060 Ti, 4864 CUDA cores',
    memoryBytes: 8 * gib,
    runs: [gpu('ncnn-08475', 'fp16', tensorRt)],
  },
];

export const publishedDevices: readonly PublishedDevice[] = [
  ...boards,
  ...jetsons,
  ...phones,
  ...computers,
  ...gpus,
];
