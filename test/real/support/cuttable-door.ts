import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** An address before another one, whose connections can be cut as a lost network cuts them. */
export interface CuttableDoor {
  readonly url: string;
  /** Cuts what is open, without a word. Returns how many connections that were. */
  cut(): number;
  /** Lets nobody through until it is called with false. */
  shut(on: boolean): void;
  close(): Promise<void>;
}

export async function openCuttableDoor(to: string): Promise<CuttableDoor> {
  const { hostname, port } = new URL(to);
  const open = new Set<Socket>();
  let isShut = false;
  const server = createServer((person) => {
    if (isShut) return void person.resetAndDestroy();
    const behind = connect(Number(port), hostname);
    open.add(person);
    const end = (): void => {
      open.delete(person);
      person.destroy();
      behind.destroy();
    };
    for (const one of [person, behind]) one.on('error', end).on('close', end);
    person.pipe(behind).pipe(person);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): number => {
    const count = open.size;
    for (const one of open) one.resetAndDestroy();
    return count;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    shut: (on) => {
      isShut = on;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
}
