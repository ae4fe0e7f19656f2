/** The protocol between server and agent: the one part of the agent that the server uses too. */
export { KIND, MAX_DATA_BYTES, MAX_MESSAGE_BYTES, FrameReader, frameHead, type Frame, type Kind } from './frame.ts';
export { PROTOCOL, VERSIONS_BACK, agree, readHello, refuseHello, sendHello, type Agreement, type Versions } from './hello.ts';
export { decodeMessage, encodeMessage, textOf, wholeOf, type Message } from './message.ts';
export { Session, type SessionHandlers, type SessionOptions } from './session.ts';
export { WireError } from './wire-error.ts';
export { WINDOW_BYTES, WireStream } from './wire-stream.ts';
