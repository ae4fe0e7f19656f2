import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, type RunCommand } from '../machine/command.ts';

/**
 * The functions of libcuda.so.1 that are asked here, by the CUDA Driver API's documentation (13), or those of libamdhip64.so, by the HIP runtime API's
 * reference (ROCm 7.14) and hip_runtime_api.h. The card's memory is a file, so that what one process leaves the next one can find. STAND_IN_DOES has
 * words for what it does otherwise: `clear` what is freed, `small` blocks of up to 4 MiB alone, `unreadable`, `readonly`, `shared` memory with the machine; `compiles` a kernel, which is `blind`.
 */
const SOURCE = String.raw`
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define FIRST 0x700000000ull
#define MOST 1024
static char *memory;
static size_t size, used;
static struct { size_t at, size; } blocks[MOST];
static int count;

#ifdef HIP
#include <dirent.h>
#define cuMemGetInfo_v2 hipMemGetInfo
#define cuMemAlloc_v2 hipMalloc
#define cuMemFree_v2 hipFree
#define cuMemcpyHtoD_v2 hipMemcpyHtoD
#define FILL(to, value, bytes) hipMemset(uint64_t to, int value, size_t bytes)
#define cuMemcpyDtoH_v2 hipMemcpyDtoH
#define cuDeviceGetAttribute hipDeviceGetAttribute
#define cuCtxSynchronize hipDeviceSynchronize
#define INTEGRATED 16
#else
#define FILL(to, value, bytes) cuMemsetD8_v2(uint64_t to, unsigned char value, size_t bytes)
#define INTEGRATED 18
#endif

static int does(const char *word) { const char *said = getenv("STAND_IN_DOES"); return said && strstr(said, word); }

static int open_memory(void) {
  int file = open(getenv("STAND_IN_MEMORY"), O_RDWR);
  struct stat stat;
  if (file < 0 || fstat(file, &stat)) return 999;
  size = stat.st_size;
  memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  return memory == MAP_FAILED ? 999 : 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) { *value = attribute == INTEGRATED && does("shared"); return 0; }
#ifdef HIP
/* As libhsakmt does: a card whose render node is not there is not. */
int hipGetDeviceCount(int *number) {
  struct dirent *entry;
  DIR *folder = opendir(getenv("STAND_IN_DRI"));
  *number = 0;
  while (folder && (entry = readdir(folder))) if (!strncmp(entry->d_name, "renderD", 7)) ++*number;
  return *number ? 0 : 100;
}
int hipInit(unsigned flags) { int number; return hipGetDeviceCount(&number) ? 100 : open_memory(); }
int hipDeviceGetUuid(char *uuid, int device) { memcpy(uuid, getenv("STAND_IN_UUID"), 16); return 0; }
int hipSetDevice(int device) { return device == 0 ? 0 : 101; }
#else
int cuInit(unsigned flags) {
  const char *shown = getenv("CUDA_VISIBLE_DEVICES"), *own = getenv("STAND_IN_UUID");
  return !shown || !own || strcmp(shown, own) ? 100 : open_memory();
}
int cuDeviceGetCount(int *number) { *number = 1; return 0; }
int cuDeviceGet(int *device, int index) { *device = index; return index == 0 ? 0 : 101; }
int cuDevicePrimaryCtxRetain(void **context, int device) { *context = &size; return 0; }
int cuCtxSetCurrent(void *context) { return context == &size ? 0 : 201; }
#endif
int cuCtxSynchronize(void) { return 0; }
int cuMemGetInfo_v2(size_t *free_bytes, size_t *total) { *free_bytes = size - used; *total = size; return 0; }
/* Blocks stand in the order of their places; the first gap that is large enough is taken. */
int cuMemAlloc_v2(uint64_t *place, size_t bytes) {
  size_t at = 0;
  int before = 0;
  if (count == MOST || (does("small") && bytes > 4 << 20)) return 2;
  while (before < count && blocks[before].at - at < bytes) { at = blocks[before].at + blocks[before].size; before++; }
  if (at + bytes > size) return 2;
  memmove(blocks + before + 1, blocks + before, (count - before) * sizeof *blocks);
  blocks[before].at = at;
  blocks[before].size = bytes;
  count++;
  used += bytes;
  *place = FIRST + at;
  return 0;
}
int cuMemFree_v2(uint64_t place) {
  for (int each = 0; each < count; each++) if (FIRST + blocks[each].at == place) {
    if (does("clear")) memset(memory + blocks[each].at, 0, blocks[each].size);
    used -= blocks[each].size;
    memmove(blocks + each, blocks + each + 1, (--count - each) * sizeof *blocks);
    return 0;
  }
  return 1;
}
int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes) { memcpy(memory + (to - FIRST), from, bytes); return 0; }
int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) { if (does("unreadable")) return 700; memcpy(to, memory + (from - FIRST), bytes); return 0; }
int FILL(to, value, bytes) { if (does("readonly")) return 700; memset(memory + (to - FIRST), value, bytes); return 0; }
#ifndef HIP
/* Stands for a compiler and a kernel: counts as COUNT of card-program.ts does. */
int cuModuleLoadData(void **module, const char *text) { *module = &size; return does("compiles") && strstr(text, ".entry count(") ? 0 : 218; }
int cuModuleGetFunction(void **function, void *module, const char *name) { *function = &size; return strcmp(name, "count") ? 500 : 0; }
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *stream, void **words, void **extra) {
  uint64_t at = *(uint64_t *) words[0], units = *(uint64_t *) words[1], into = *(uint64_t *) words[6], found = 0, pattern[4];
  for (int each = 0; each < 4; each++) pattern[each] = *(uint64_t *) words[2 + each];
  for (uint64_t each = 0; each < units; each++) found += !memcmp(memory + (at - FIRST) + each * 32, pattern, 32);
  if (!does("blind")) *(uint64_t *) (memory + (into - FIRST)) += found;
  return 0;
}
#endif
`;

/** Why there is no stand-in here; undefined: there can be one. */
export const noCardStandIn = ['cc', 'python3'].filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0).map((program) => `there is no ${program}`)[0];

/** A driver's library and one card, a stand-in, no GPU: what is tried with it is our side of the interface alone. */
export class CardStandIn {
  readonly uuid: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'tandem-card-'));
  readonly #bytes: number;

  /** @param bytes of its memory. @param id of an AMD card, 16 hexadecimal digits; absent: it is one of NVIDIA's. @throws Error when it does not compile. */
  constructor(bytes: number, id?: string) {
    this.#bytes = bytes;
    this.uuid = id ?? 'GPU-0a1b2c3d-0000-4000-8000-5741bd1e0001';
    this.reset();
    // The nodes of AMD's cards: which of them a program sees is up to who starts it.
    mkdirSync(join(this.#folder, 'dri'));
    for (const name of ['renderD128', 'renderD129']) writeFileSync(join(this.#folder, 'dri', name), '');
    const library = id === undefined ? ['-o', join(this.#folder, 'libcuda.so.1')] : ['-DHIP', '-o', join(this.#folder, 'libamdhip64.so')];
    const { status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-x', 'c', ...library, '-'], { input: SOURCE, encoding: 'utf8' });
    if (status !== 0) throw new Error(`the stand-in of a driver's library does not compile: ${stderr}`);
  }

  /** Clears its memory, as a card's reset does. */
  reset(): void {
    writeFileSync(this.#memory, '');
    truncateSync(this.#memory, this.#bytes);
  }

  /** Runs programs with its library in their way, and its folder of nodes for the machine's. @param does words of STAND_IN_DOES. */
  run(does = ''): RunCommand {
    const dri = join(this.#folder, 'dri');
    const env = [`LD_LIBRARY_PATH=${this.#folder}`, `STAND_IN_MEMORY=${this.#memory}`, `STAND_IN_UUID=${this.uuid}`, `STAND_IN_DRI=${dri}`, `STAND_IN_DOES=${does}`];
    return (program, args, input, mostMs) => runCommand('env', [...env, program, ...args.map((word) => word.replace(/^\/dev\/dri/, dri))], input, mostMs);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #memory(): string {
    return join(this.#folder, 'memory');
  }
}
