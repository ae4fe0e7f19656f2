/** The protocol between server and agent: the one part of the agent that the server uses too. */
export { PROTOCOL, VERSIONS_BACK, agree, readHello, refuseHello, sendHello, type Agreement, type Versions } from './hello.ts';
export { joinStreams, passOn } from './join-streams.ts';
export { PooledReads } from './pooled-reads.ts';
export { Resumable } from './resumable.ts';
export { RESUME_GREETING, againLine, isProof, isResumable, readTaken, readWish, resumeId, type ResumeWish } from './resume-lines.ts';
export { SESSION_PROTOCOL, SESSIONS_SINCE, readLine } from './session-line.ts';
export { textOf, wholeOf, type Message } from './message.ts';
export { releaseHash, signedText, type ReleaseFiles } from './release.ts';
export { Session, type SessionHandlers } from './session.ts';
export { TERMINAL, TerminalReader, boundSize, readSize, sizeFrame, terminalFrames, type TerminalSize } from './terminal-frames.ts';
export { WireError } from './wire-error.ts';
export type { WireStream } from './wire-stream.ts';
