import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Peers } from './peers.ts';

const from = (remoteAddress: string, headers: Record<string, string> = {}, encrypted = false) => ({ socket: { remoteAddress, encrypted }, headers }) as unknown as IncomingMessage;

describe('who is at the other end', () => {
  it('is the socket\'s address when no proxy is trusted, whatever headers say', () => {
    const peers = new Peers([]);
    expect(peers.addressOf(from('203.0.113.9', { 'x-forwarded-for': '10.0.0.1' }))).toBe('203.0.113.9');
    expect(peers.addressOf(from('::ffff:203.0.113.9'))).toBe('203.0.113.9');
    expect(peers.isSecure(from('203.0.113.9', { 'x-forwarded-proto': 'https' }))).toBe(false);
    expect(peers.hostOf(from('203.0.113.9', { 'x-forwarded-host': 'evil.example', host: 'Tandem.example:4600' }))).toBe('tandem.example:4600');
  });

  it.each([
    ['one proxy', '198.51.100.7', '198.51.100.7'],
    ['a chain of proxies', '198.51.100.7, 10.1.2.3', '198.51.100.7'],
    ['an address that the caller made up before the proxy\'s', '1.1.1.1, 198.51.100.7', '198.51.100.7'],
    ['rubbish', 'not an address', '10.0.0.1'],
    ['nothing but proxies', '10.0.0.9, 10.0.0.8', '10.0.0.9'],
    ['an IPv6 caller', '[2001:db8::1]:4711', '2001:db8::1'],
  ])('is told by trusted proxies: %s', (_what, header, expected) => {
    expect(new Peers(['10.0.0.0/8']).addressOf(from('10.0.0.1', { 'x-forwarded-for': header }))).toBe(expected);
  });

  it('is secure when a trusted proxy says so, or the socket is', () => {
    const peers = new Peers(['::1', '127.0.0.1']);
    expect(peers.isSecure(from('::1', { 'x-forwarded-proto': 'https' }))).toBe(true);
    expect(peers.isSecure(from('::ffff:127.0.0.1', { 'x-forwarded-proto': 'http, https' }))).toBe(true);
    expect(peers.isSecure(from('8.8.8.8', {}, true))).toBe(true);
  });

  it('is local only without anything in between', () => {
    const peers = new Peers([]);
    expect(peers.isLocal(from('127.0.0.1'))).toBe(true);
    expect(peers.isLocal(from('127.0.0.1', { 'x-forwarded-for': '8.8.8.8' }))).toBe(false);
    expect(peers.isLocal(from('10.0.0.1'))).toBe(false);
  });

  it('names the setting that is wrong', () => {
    expect(() => new Peers(['10.0.0.0/99'])).toThrow(/TANDEM_TRUSTED_PROXIES/);
    expect(() => new Peers(['proxy.local'])).toThrow(/TANDEM_TRUSTED_PROXIES/);
  });
});
