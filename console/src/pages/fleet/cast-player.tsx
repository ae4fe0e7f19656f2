import { useEffect, useRef, useState } from 'react';
import { useTheme } from '../../lib/theme.ts';
import { Button } from '../../ui/button.tsx';
import { Choice } from '../../ui/tabs.tsx';
import { between, clockText } from './cast.ts';
import type { Cast } from './cast.ts';
import { openView } from './terminal-view.ts';
import type { TerminalView } from './terminal-view.ts';

const SPEEDS = [['1', '1×'], ['2', '2×'], ['8', '8×']] as const;

/** Plays a recording: to and fro, and faster. What it holds is only shown: nothing of it answers, copies or opens anything. */
export function CastPlayer({ cast, label }: { cast: Cast; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<TerminalView>();
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState('1');
  /** Up to where the screen shows it. */
  const shown = useRef(-1);
  const { seen } = useTheme();

  useEffect(() => {
    const here = place.current;
    if (here === null) return undefined;
    let made: TerminalView | undefined;
    let left = false;
    void openView(here, { size: cast, readOnly: true }).then((opened) => {
      if (left) return opened.close();
      made = opened;
      shown.current = -1;
      setView(opened);
    });
    return () => {
      left = true;
      made?.close();
      setView(undefined);
    };
  }, [cast]);
  useEffect(() => view?.theme(), [view, seen]);
  useEffect(() => {
    if (view === undefined) return;
    const { anew, events } = between(cast, shown.current, at);
    shown.current = at;
    if (anew) {
      view.terminal.reset();
      view.terminal.resize(cast.columns, cast.rows);
    }
    for (const event of events) {
      if ('text' in event) view.terminal.write(event.text);
      else view.terminal.resize(event.columns, event.rows);
    }
  }, [cast, view, at]);
  useEffect(() => {
    if (!playing) return undefined;
    let before = performance.now();
    let frame = requestAnimationFrame(function step(now) {
      const passed = ((now - before) / 1000) * Number(speed);
      before = now;
      setAt((last) => Math.min(cast.seconds, last + passed));
      frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, cast]);
  const over = at >= cast.seconds;
  useEffect(() => {
    if (over) setPlaying(false);
  }, [over]);
  return (
    <div className="screen">
      <div ref={place} className="terminal-place cast-place" role="group" aria-label={label} data-state={playing ? 'playing' : 'still'} />
      <div className="row screen-tools">
        <Button onClick={() => {
          if (over) setAt(0);
          setPlaying(!playing);
        }}>{playing ? 'Pause' : 'Play'}</Button>
        <input type="range" className="cast-seek" aria-label="Position" min={0} max={Math.max(cast.seconds, 0.1)} step={0.1} value={at} aria-valuetext={`${clockText(at)} of ${clockText(cast.seconds)}`} onChange={(event) => setAt(Number(event.target.value))} />
        <span className="muted small">{clockText(at)} of {clockText(cast.seconds)}</span>
        <Choice label="Speed" value={speed} options={SPEEDS} onChange={setSpeed} />
      </div>
    </div>
  );
}
