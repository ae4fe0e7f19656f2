import { useQuery } from '@tanstack/react-query';
import { ArrowUp, Square, Trash2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { Schemas } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import { chatCurl, commands } from '../lib/commands.ts';
import { bucketText, count } from '../lib/format.ts';
import { ceilingOf, exactMoney, shortMoney, unitPriceText } from '../lib/money.ts';
import { useUrlState } from '../lib/url.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/command.tsx';
import { Field } from '../ui/field.tsx';
import { Empty } from '../ui/notice.tsx';
import { Page } from '../ui/page.tsx';
import { Show } from '../ui/query.tsx';
import { Bone } from '../ui/skeleton.tsx';
import { clearConversation, requestBody, send, setDraft, setSettings, stopReply, useConversation } from './conversation.ts';
import { ReplyTurn } from './playground-turn.tsx';

type Model = Schemas['Model'];

export function PlaygroundPage() {
  const models = useQuery(queries.models);
  const usable = models.data?.items.filter(({ enabled }) => enabled);
  const { settings } = useConversation();
  const [{ model: asked }, setUrl] = useUrlState();
  const model = usable?.find(({ name }) => name === (asked ?? settings.model)) ?? usable?.[0];
  useEffect(() => {
    if (model && settings.model !== model.name) setSettings({ model: model.name });
  }, [model, settings.model]);
  const lead = model ? modelLead(model) : usable ? 'There is no model to ask yet.' : models.error ? 'The models could not be read.' : 'Reading the models…';
  return (
    <Page title="Playground" lead={lead} busy={!models.data && !models.error}>
      <Show query={models} bones={<PlaygroundBones />}>
        {() => (model ? (
          <div className="playground">
            <Talk model={model} />
            <Knobs model={model} models={usable ?? []} onModel={(name) => setUrl({ model: name })} />
          </div>
        ) : <Empty title="A model is a name for something that answers" command={commands.models}><p>The embedded model comes at the first start; other models come from a backend under Settings.</p></Empty>)}
      </Show>
    </Page>
  );
}

function PlaygroundBones() {
  return (
    <div className="playground" aria-hidden>
      <div className="talk"><div className="turns"><div className="talk-empty"><Bone width={140} height={14} /><Bone width={280} /></div></div><div className="composer"><div className="composer-box bones" /></div></div>
      <div className="knobs">{[56, 96, 84, 40].map((width) => <div key={width} className="field"><Bone width={width} /><Bone height={32} /></div>)}</div>
    </div>
  );
}

function modelLead({ name, health }: Model): string {
  if (health.state === 'ready' || health.state === 'unknown') return `Ask ${name}; every reply shows what it took and cost.`;
  return `${name} is ${health.state}${health.reason === null ? '' : `: ${health.reason.replace(/\.$/, '')}`}.`;
}

/** Template tokens that a message may bring along beyond its text; a token is never less than a byte of the text. */
const ALLOWANCE = 64n;

/** The most that the next reply can cost: every byte a token, and the whole output cap used. */
function mostCost(body: Schemas['ChatRequest'], model: Model): string | undefined {
  const { price } = model;
  if (!price) return undefined;
  const bytes = body.messages.reduce((sum, { content }) => sum + BigInt(new TextEncoder().encode(typeof content === 'string' ? content : '').length) + ALLOWANCE, 0n);
  const output = BigInt(Math.max(0, Math.trunc(body.max_completion_tokens ?? model.maxOutputTokens)));
  return shortMoney(ceilingOf(bytes, price['input']) + ceilingOf(output, price['output']) + ceilingOf(1n, price['request']), model.currency);
}

function Talk({ model }: { model: Model }) {
  const { turns, draft, settings, busy } = useConversation();
  const end = useRef<HTMLDivElement>(null);
  const last = turns.at(-1);
  useEffect(() => {
    // Follows the text only while its end is in view: who scrolled up to read stays there.
    const rect = end.current?.getBoundingClientRect();
    if (rect && rect.top < innerHeight + 160) end.current?.scrollIntoView({ block: 'end' });
  }, [last?.answer, last?.state]);
  const body = requestBody(settings, turns, draft);
  const cost = mostCost(body, model);
  const whyNot = model.price === null ? 'This model has no price, so calls are refused. Add one under Money, Prices.' : draft.trim() === '' ? 'Write something first.' : undefined;
  return (
    <section className="talk" aria-label="Conversation">
      <div className="turns">
        {turns.length === 0 ? <div className="talk-empty"><p className="empty-title">Nothing asked yet</p><p className="muted">Write below, or start with one of these.</p>
          <div className="row wrap">{['What is the capital of France?', 'Write a haiku about two wheels.', 'Explain rate limiting in two sentences.'].map((text) => <Button key={text} onClick={() => setDraft(text)}>{text}</Button>)}</div></div> : null}
        {turns.map((turn) => <ReplyTurn key={turn.id} turn={turn} />)}
        <div ref={end} className="turns-end" />
      </div>
      <form className="composer" onSubmit={(event) => {
        event.preventDefault();
        if (whyNot === undefined) void send();
      }}>
        <div className="composer-box">
        <label htmlFor="prompt" className="sr">Your message</label>
        <textarea id="prompt" rows={3} placeholder={`Ask ${model.name}`} value={draft} onChange={(event) => setDraft(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
              event.preventDefault();
              if (whyNot === undefined) void send();
            }
          }} />
        <div className="composer-foot">
          <p className="small muted">{model.price === null ? 'No price: calls are refused.' : <>Costs at most <span className="num">{cost}</span></>}</p>
          <div className="row">
            <CopyButton text={chatCurl(requestBody(settings, turns, draft === '' ? 'What is the capital of France?' : draft))} label="the curl line">Copy as curl</CopyButton>
            {turns.length === 0 ? null : <Button icon={<Trash2 size={16} aria-hidden />} onClick={clearConversation}>Clear</Button>}
            {busy ? <Button kind="primary" icon={<Square size={16} aria-hidden />} onClick={stopReply}>Stop</Button>
              : <Button kind="primary" type="submit" icon={<ArrowUp size={16} aria-hidden />} aria-disabled={whyNot !== undefined || undefined} title={whyNot ?? 'Ctrl or ⌘ with enter sends too'}>Send</Button>}
          </div>
        </div>
        </div>
      </form>
    </section>
  );
}

function Knobs({ model, models, onModel }: { model: Model; models: readonly Model[]; onModel: (name: string) => void }) {
  const { settings } = useConversation();
  const [open, setOpen] = useState(false);
  const perMillion = model.price !== null && Object.values(model.price).every(({ per }) => per === '1000000');
  const numberError = (text: string, least: number, most: number, whole: boolean): string | undefined => {
    if (text.trim() === '') return undefined;
    const value = Number(text);
    return Number.isFinite(value) && value >= least && value <= most && (!whole || Number.isInteger(value)) ? undefined : `${whole ? 'A whole number' : 'A number'} from ${count(least)} to ${count(most)}.`;
  };
  return (
    <aside className="knobs" aria-label="Settings of the call">
      <Field label="Model" hint={model.contextTokens === null ? undefined : `${count(model.contextTokens)} tokens of context · ${model.backend.name}`}>
        {(field) => <select {...field} value={model.name} onChange={(event) => onModel(event.target.value)}>{models.map(({ name }) => <option key={name}>{name}</option>)}</select>}
      </Field>
      <button type="button" className="link-button knobs-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? 'Hide the settings' : 'System prompt, tokens, seed, price'}</button>
      <div className={open ? 'knobs-rest open' : 'knobs-rest'}>
      <Field label="System prompt">{(field) => <textarea {...field} rows={4} placeholder="None" value={settings.system} onChange={(event) => setSettings({ system: event.target.value })} />}</Field>
      <div className="knob-pair">
        <Field label="Most tokens" error={numberError(settings.maxTokens, 1, model.maxOutputTokens, true)}>
          {(field) => <input {...field} inputMode="numeric" className="num" placeholder={String(model.maxOutputTokens)} value={settings.maxTokens} onChange={(event) => setSettings({ maxTokens: event.target.value })} />}
        </Field>
        <Field label="Temperature" error={numberError(settings.temperature, 0, 2, false)}>
          {(field) => <input {...field} inputMode="decimal" className="num" placeholder="default" value={settings.temperature} onChange={(event) => setSettings({ temperature: event.target.value })} />}
        </Field>
      </div>
      <Field label="Seed" hint="The same seed gives the same answer again." error={numberError(settings.seed, 0, 4_294_967_295, true)}>
        {(field) => <input {...field} inputMode="numeric" className="num" placeholder="random" value={settings.seed} onChange={(event) => setSettings({ seed: event.target.value })} />}
      </Field>
      <dl className="price-list">
        <dt>Price{perMillion ? ` per million tokens` : ''}</dt>
        {model.price === null ? <dd>None: calls are refused.</dd> : Object.entries(model.price).map(([bucket, unit]) => (
          <dd key={bucket}><span>{bucketText(bucket).replace(' tokens', '')}</span><span className="num">{perMillion ? exactMoney(unit.price, model.currency) : unitPriceText(unit, model.currency)}</span></dd>
        ))}
      </dl>
      </div>
    </aside>
  );
}
