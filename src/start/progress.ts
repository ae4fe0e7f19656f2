/** How far a download is. */
interface Progress {
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

const WIDTH = 30;

/**
 * Shows a download to whoever started the server: a bar that moves in place on a terminal, a line at
 * each quarter elsewhere (logs of a service must not fill with bars).
 */
export function createProgressBar(title: string, out: { write(text: string): unknown; readonly isTTY?: boolean }): { update(progress: Progress): void; end(whole?: boolean): void } {
  let shown = -1;
  let lastTotal = 0;
  const bar = {
    update({ receivedBytes, totalBytes }: Progress): void {
      lastTotal = totalBytes;
      const share = totalBytes > 0 ? Math.min(receivedBytes / totalBytes, 1) : 0;
      const step = out.isTTY ? Math.floor(share * 100) : Math.floor(share * 4) * 25;
      if (step <= shown) return;
      shown = step;
      const size = `${megabytes(receivedBytes)} of ${megabytes(totalBytes)} MB`;
      if (out.isTTY) {
        const filled = Math.round(share * WIDTH);
        out.write(`\r${title} [${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${String(step).padStart(3)}%  ${size}`);
      } else {
        out.write(`${title}: ${step}%, ${size}\n`);
      }
    },
    /** Once. `whole`: the file is here, though the last message of its download came before its last byte. */
    end(whole = false): void {
      if (shown < 0) return;
      if (whole) bar.update({ receivedBytes: lastTotal, totalBytes: lastTotal });
      if (out.isTTY) out.write('\n');
      shown = -1;
    },
  };
  return bar;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
