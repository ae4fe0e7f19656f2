import { closeSync, openSync, readSync } from 'node:fs';
import type { RunCommand } from '../../machine/command.ts';

/** How full a disk in a file is that nothing has mounted. Blocks are of the file system's own size. */
interface Room {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly free: number;
  /** Kept for root, and so for nobody: the users of leases are others. */
  readonly held: number;
  /** It was cut off while it was mounted: what it says of itself is old until it is mounted again. */
  readonly wasCut: boolean;
}

/** The kernel's Documentation/filesystems/ext4/super.rst: where the superblock lies, and fields in it. */
const SUPERBLOCK_AT = 1024;
const MAGIC = 0xef53;
const HAS_64_BITS = 0x80;
const NEEDS_RECOVERY = 0x4;
/** ext4 itself holds back the smaller of 2 % and so many blocks for writes that are under way (fs/ext4/super.c, `ext4_calculate_resv_clusters`). */
const MOST_UNDER_WAY = 4096;

function roomIn(image: string): Room | undefined {
  const block = Buffer.alloc(1024);
  const file = openSync(image, 'r');
  try {
    if (readSync(file, block, 0, block.length, SUPERBLOCK_AT) < block.length || block.readUInt16LE(0x38) !== MAGIC) return undefined;
  } finally {
    closeSync(file);
  }
  const features = block.readUInt32LE(0x60);
  const isLarge = (features & HAS_64_BITS) !== 0;
  const count = (low: number, high: number): number => block.readUInt32LE(low) + (isLarge ? block.readUInt32LE(high) * 2 ** 32 : 0);
  return { blockBytes: 1024 << block.readUInt32LE(0x18), blocks: count(0x04, 0x150), held: count(0x08, 0x154), free: count(0x0c, 0x158), wasCut: (features & NEEDS_RECOVERY) !== 0 };
}

/** How much of a disk its tenant is not let have, bytes: all that was free in it while it is kept beyond a lease. */
export function heldBytes(image: string): number {
  const room = roomIn(image);
  return room === undefined ? 0 : room.held * room.blockBytes;
}

/**
 * Lets the tenant of a disk that is not mounted write so much more and no more. Nothing in it is moved: what its size promises beyond that is held for root, which is
 * one number in the superblock, written at once. So a home that is kept costs the machine what is in it, and the next lease is promised the rest.
 * Where debugfs (e2fsprogs, as mkfs.ext4 is) is missing, the disk has all of its size, as before.
 */
export async function leaveRoom(image: string, bytes: number, run: RunCommand): Promise<void> {
  const room = roomIn(image);
  if (room === undefined || room.wasCut) return;
  const given = bytes === 0 ? 0 : Math.ceil(bytes / room.blockBytes) + Math.min(Math.floor(room.blocks / 50), MOST_UNDER_WAY);
  await run('debugfs', ['-w', '-R', `set_super_value r_blocks_count ${Math.max(0, room.free - given)}`, image]);
}
