import { Duplex } from 'node:stream';

/** Two ends of a line in memory that cuts what is written at the places given, again and again, and may be made slow. */
export function cuttingPair(cuts: readonly number[] = [], highWaterMark = 64 * 1024): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const wanted = [false, false];
  const waiting: (() => void)[][] = [[], []];
  const make = (own: 0 | 1): Duplex => {
    let next = 0;
    return new Duplex({
      allowHalfOpen: true, writableHighWaterMark: highWaterMark, readableHighWaterMark: highWaterMark,
      read() {
        wanted[own] = true;
        for (const go of waiting[own]!.splice(0)) go();
      },
      write(chunk: Buffer, _encoding, done) {
        const other = ends[1 - own]!;
        const deliver = (): void => {
          if (other.destroyed) return done();
          for (let at = 0; at < chunk.length;) {
            const bytes = cuts.length === 0 ? chunk.length : Math.max(1, cuts[next++ % cuts.length]!);
            wanted[1 - own] = other.push(Buffer.from(chunk.subarray(at, at + bytes)));
            at += bytes;
          }
          done();
        };
        if (wanted[1 - own] === true) setImmediate(deliver);
        else waiting[1 - own]!.push(() => void setImmediate(deliver));
      },
      final(done) {
        ends[1 - own]!.push(null);
        done();
      },
      destroy(error, done) {
        const other = ends[1 - own];
        if (other !== undefined && !other.destroyed) setImmediate(() => other.destroy());
        done(error);
      },
    });
  };
  ends.push(make(0), make(1));
  return [ends[0]!, ends[1]!];
}
