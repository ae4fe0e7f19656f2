import { describe, expect, it } from 'vitest';
import { isTandemError, type ErrorCode } from '../../base/index.ts';
import type { Driver, LeaseOrder } from '../drivers/driver.ts';

/** A driver with two machines, `a` with the units `one` and `two`, and `b`, and what a test needs to do to them. */
export interface DriverUnderTest {
  readonly driver: Driver;
  /** Lets time go by on the machines. */
  pass(ms: number): Promise<void>;
  /** `deaf`: nothing arrives. `mute`: what is sent arrives, its answer does not. */
  link(machineId: string, link: 'up' | 'deaf' | 'mute'): void;
  /** What runs on a machine, seen from outside the driver. */
  running(machineId: string): Promise<readonly string[]> | readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

const order = (leaseId: string, fence: bigint, more: Partial<LeaseOrder> = {}): LeaseOrder => ({ leaseId, fence, machineId: 'a', unitIds: ['one'], access: 'shell', home: { from: null, keep: null }, ...more });
const failsWith = (code: ErrorCode) => (error: unknown) => isTandemError(error, code);

/** What every driver is held to. */
export function driverConformance(name: string, open: () => Promise<DriverUnderTest>): void {
  describe(`a driver: ${name}`, () => {
    it('runs a lease for as long as it was granted, and ends it without another word', async () => {
      await using test = await open();
      await test.driver.grant(order('x', 1n), 60_000);
      expect(await test.running('a')).toEqual(['x']);
      expect(await test.driver.list('a')).toMatchObject([{ leaseId: 'x', fence: 1n }]);
      test.link('a', 'deaf');
      await test.pass(61_000);
      expect(await test.running('a')).toEqual([]);
    });

    it('takes a grant again as the lease\'s new end, longer or shorter', async () => {
      await using test = await open();
      await test.driver.grant(order('x', 1n), 60_000);
      await test.driver.grant(order('x', 1n), 120_000);
      await test.pass(61_000);
      expect(await test.running('a')).toEqual(['x']);
      await test.driver.grant(order('x', 1n), 5_000);
      await test.pass(6_000);
      expect(await test.running('a')).toEqual([]);
    });

    it('has one lease on a unit, and others beside it', async () => {
      await using test = await open();
      await test.driver.grant(order('x', 1n), 60_000);
      await expect(test.driver.grant(order('y', 2n), 60_000)).rejects.toSatisfy(failsWith('node_refused'));
      await test.driver.grant(order('z', 3n, { unitIds: ['two'] }), 60_000);
      expect([...(await test.running('a'))].sort()).toEqual(['x', 'z']);
    });

    it('gives a unit to the next lease only when it is wiped, and never to an older one', async () => {
      await using test = await open();
      await test.driver.grant(order('x', 5n), 60_000);
      await test.driver.stop(order('x', 5n));
      expect(await test.running('a')).toEqual([]);
      await expect(test.driver.grant(order('y', 6n), 60_000)).rejects.toSatisfy(failsWith('node_refused'));
      expect(await test.driver.wipe(order('x', 5n))).toMatchObject({ clean: true });
      await expect(test.driver.grant(order('w', 4n), 60_000)).rejects.toSatisfy(failsWith('node_refused'));
      await test.driver.grant(order('y', 6n), 60_000);
      expect(await test.running('a')).toEqual(['y']);
    });

    it('stops and wipes as often as it is asked, also what it does not know', async () => {
      await using test = await open();
      await test.driver.stop(order('nobody', 1n));
      expect(await test.driver.wipe(order('nobody', 1n))).toMatchObject({ clean: true });
      await test.driver.grant(order('x', 2n), 60_000);
      expect(await test.driver.wipe(order('x', 2n))).toMatchObject({ clean: true });
      expect(await test.driver.wipe(order('x', 2n))).toMatchObject({ clean: true });
      expect(await test.running('a')).toEqual([]);
    });

    it('puts a home aside as a volume where that is wished, gives it to one lease, and removes it', async () => {
      await using test = await open();
      await test.driver.grant(order('x', 1n), 60_000);
      expect(await test.driver.look('a', 'x')).toMatchObject({ whole: true });
      const home = { from: null, keep: '0192f0c1-7a00-7000-8000-00000000000f' };
      expect(await test.driver.wipe(order('x', 1n, { home }))).toMatchObject({ clean: true, kept: { files: expect.any(Number) as number } });
      const again = order('y', 2n, { home: { from: home.keep, keep: home.keep } });
      await test.driver.grant(again, 60_000);
      await test.driver.grant(again, 90_000);
      expect(await test.driver.wipe(again)).toMatchObject({ clean: true, kept: { files: expect.any(Number) as number } });
      await test.driver.removeVolume('a', home.keep);
      await test.driver.removeVolume('a', home.keep);
      await expect(test.driver.grant(order('z', 3n, { home: again.home }), 60_000)).rejects.toSatisfy(failsWith('node_refused'));
    });

    it('says when a machine is out of reach, and does not know what became of what it sent', async () => {
      await using test = await open();
      const heard: unknown[] = [];
      const end = test.driver.onChange((machineId, reached) => heard.push([machineId, reached]));
      test.link('a', 'deaf');
      expect([test.driver.reaches('a'), test.driver.reaches('b'), test.driver.reaches('nowhere')]).toEqual([false, true, false]);
      await expect(test.driver.grant(order('x', 1n), 60_000)).rejects.toSatisfy(failsWith('node_unreachable'));
      expect(await test.running('a')).toEqual([]);
      test.link('a', 'mute');
      await expect(test.driver.grant(order('x', 1n), 60_000)).rejects.toSatisfy(failsWith('node_unreachable'));
      test.link('a', 'up');
      await test.driver.grant(order('x', 1n), 60_000);
      expect(await test.running('a')).toEqual(['x']);
      end();
      expect(heard).toEqual([['a', false], ['a', true]]);
    });
  });
}
