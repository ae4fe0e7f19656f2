import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { SmiRow } from '../inventory/fixtures/amd.ts';

/** One card of the stand-in. */
export interface StandInCard {
  /** Of 64 bits, in hexadecimal; absent: it has none. */
  readonly id?: string;
  /** Its place on the bus of PCI. */
  readonly bus: number;
  /** Linked with the others that have the same; absent: with none. */
  readonly hive?: string;
  /** How many partitions it is cut into; absent: one, which is the card. */
  readonly partitions?: number;
  readonly compute?: string;
  readonly memory?: string;
  /** Errors of its memory that could not be corrected. */
  readonly uncorrected?: number;
}

const VRAM = 206_141_652_992;

/**
 * The kernel's files of AMD's cards in a folder, a stand-in, no GPU. Their form and numbers are those of the topologies of MI300X and MI308X in CPX that
 * ROCm/k8s-device-plugin keeps for its tests (testdata at ed764684), and of the kernel's "AMDGPU RAS Support" and "Process Isolation".
 */
export class AmdMachine {
  readonly root = mkdtempSync(join(tmpdir(), 'tandem-amd-'));
  readonly rows: readonly SmiRow[];

  constructor(cards: readonly StandInCard[]) {
    const rows: SmiRow[] = [];
    this.#write('sys/class/kfd/kfd/topology/nodes/0/gpu_id', '0');
    this.#write('sys/class/kfd/kfd/topology/nodes/0/properties', 'cpu_cores_count 112\nsimd_count 0\nlocation_id 0\ndomain 0\ndrm_render_minor 0\nhive_id 0\n');
    mkdirSync(join(this.root, 'sys/class/kfd/kfd/proc'), { recursive: true });
    for (const { id, bus, hive = '0', partitions = 1, compute, memory, uncorrected = 0 } of cards) {
      const device = `sys/class/drm/renderD${128 + rows.length}/device`;
      if (id !== undefined) this.#write(`${device}/unique_id`, id.padStart(16, '0'));
      this.#write(`${device}/mem_info_vram_total`, String(VRAM));
      if (compute !== undefined) this.#write(`${device}/current_compute_partition`, compute);
      if (memory !== undefined) this.#write(`${device}/current_memory_partition`, memory);
      this.#write(`${device}/ras/umc_err_count`, `ue: ${uncorrected}\nce: 2`);
      this.#write(`${device}/ras/gfx_err_count`, 'ue: 0\nce: 1');
      this.#write(`${device}/run_cleaner_shader`, '');
      const domains = Number(/^NPS(\d)$/.exec(memory ?? 'NPS1')![1]);
      for (let place = 0; place < partitions; place += 1) {
        const [gpu, node, kfdId] = [rows.length, rows.length + 1, 20_000 + rows.length * 7];
        const folder = `sys/class/kfd/kfd/topology/nodes/${node}`;
        this.#write(`${folder}/gpu_id`, String(kfdId));
        this.#write(`${folder}/properties`, [
          'cpu_cores_count 0', 'simd_count 152', 'mem_banks_count 1', 'gfx_target_version 90402', 'vendor_id 4098', 'device_id 29857', `location_id ${(bus << 8) | place}`, 'domain 0', `drm_render_minor ${128 + rows.length}`,
          `hive_id ${BigInt(`0x${hive}`)}`, 'local_mem_size 0', `unique_id ${BigInt(`0x${id ?? '0'}`)}`, 'num_xcc 1', '',
        ].join('\n'));
        this.#write(`${folder}/mem_banks/0/properties`, `heap_type 1\nsize_in_bytes ${Math.floor(VRAM / domains)}\nflags 0\nwidth 8192\nmem_clk_max 1300\n`);
        rows.push({ gpu, kfdId, node, bdf: `0000:${bus.toString(16).padStart(2, '0')}:00.${place}`, partition: place, serial: id ?? '0', ...(place === 0 && { duty: 12, hotspot: 44 }) });
      }
    }
    this.rows = rows;
  }

  /** A process that computes on a card or partition: with memory, or with a queue alone. */
  compute(pid: number, kfdId: number, memory = 4_096): void {
    this.#write(`sys/class/kfd/kfd/proc/${pid}/pasid`, '32770');
    this.#write(`sys/class/kfd/kfd/proc/${pid}/vram_${kfdId}`, String(memory));
    if (memory === 0) this.#write(`sys/class/kfd/kfd/proc/${pid}/queues/0/gpuid`, String(kfdId));
  }

  end(pid: number): void {
    rmSync(join(this.root, `sys/class/kfd/kfd/proc/${pid}`), { recursive: true });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  #write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), `${text}\n`);
  }
}
