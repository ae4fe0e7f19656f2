import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { bucketText, count, duration } from '../lib/format.ts';
import { exactMoney } from '../lib/money.ts';
import { CopyButton } from '../ui/command.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import type { Turn } from './conversation.ts';

/** Tokens per second after the first one; null where there is nothing to divide. */
export function tokensPerSecond(tokens: number, firstTokenMs: number | null, totalMs: number | null): string | null {
  if (firstTokenMs === null || totalMs === null || totalMs <= firstTokenMs || tokens < 2) return null;
  return (((tokens - 1) * 1000) / (totalMs - firstTokenMs)).toFixed(1);
}

const FINISH: Readonly<Record<string, string>> = { length: 'Cut at the most tokens that you allowed.', content_filter: 'Withheld by the backend’s filter.' };

/** One question and its reply, with what it took and cost below. */
export function ReplyTurn({ turn }: { turn: Turn }) {
  return (
    <article className="turn" aria-label={`Question ${turn.id}`}>
      <div className="said you"><p className="who">You</p><p className="text">{turn.prompt}</p></div>
      <div className="said">
        <p className="who mono">{turn.model}</p>
        <div className="text" aria-busy={turn.state === 'waiting' || turn.state === 'streaming'}>
          {turn.answer}
          {turn.state === 'streaming' ? <span className="caret" aria-hidden /> : null}
          {turn.state === 'waiting' ? <span className="muted">Waiting for the first token…</span> : null}
        </div>
        {turn.error ? <ErrorNotice error={turn.error} /> : null}
        {turn.state === 'stopped' ? <p className="small muted">Stopped. You pay for what arrived; its line is in the bill within seconds. <Link to="/money/bill">See the bill</Link></p> : null}
        {turn.finish !== null && FINISH[turn.finish] !== undefined ? <p className="small warn-text">{FINISH[turn.finish]}</p> : null}
        <Figures turn={turn} />
      </div>
    </article>
  );
}

function Figures({ turn }: { turn: Turn }) {
  const [open, setOpen] = useState(false);
  const { usage, receipt } = turn;
  const speed = usage ? tokensPerSecond(usage.completion_tokens, turn.firstTokenMs, turn.totalMs) : null;
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  const figures: (readonly [string, string])[] = [];
  if (turn.firstTokenMs !== null) figures.push(['first token', duration(turn.firstTokenMs)]);
  if (turn.totalMs !== null && turn.state === 'done') figures.push(['in all', duration(turn.totalMs)]);
  if (speed !== null) figures.push(['tokens/s', speed]);
  if (usage) figures.push(['in', `${count(usage.prompt_tokens)}${cached > 0 ? ` (${count(cached)} cached)` : ''}`], ['out', count(usage.completion_tokens)]);
  if (receipt) figures.push(['cost', exactMoney(receipt.charge, receipt.currency)]);
  if (figures.length === 0) return null;
  return (
    <div className="receipt">
      <ul>{figures.map(([name, value]) => <li key={name}><span className="muted">{name}</span> <span className="num">{value}</span></li>)}</ul>
      {receipt ? <button type="button" className="link-button" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? 'Hide the lines' : 'Show the lines'}</button> : null}
      {receipt && open ? (
        <div className="receipt-lines">
          {receipt.lines.map((line, index) => <p key={index}><span>{lineText(line)}</span><span className="num">{typeof line['amount'] === 'string' ? exactMoney(line['amount'], receipt.currency) : ''}</span></p>)}
          <p className="muted"><span>Queue {duration(receipt.timings.queueMs ?? 0)}, first token at the server {receipt.timings.firstTokenMs === null || receipt.timings.firstTokenMs === undefined ? 'unknown' : duration(receipt.timings.firstTokenMs)}</span></p>
          <p className="muted mono"><span>{receipt.id}</span><CopyButton text={receipt.id} label="the call’s id" /></p>
        </div>
      ) : null}
    </div>
  );
}

function lineText(line: Readonly<Record<string, unknown>>): string {
  return `${typeof line['quantity'] === 'string' ? count(line['quantity']) : ''} ${typeof line['bucket'] === 'string' ? bucketText(line['bucket']).toLowerCase() : ''}`;
}
