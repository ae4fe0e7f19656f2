/** A backend that streams: 64 frames, one event-loop turn apart, so that frames are not merged. Argument: its port. */
import { createServer } from 'node:http';
import { FRAMES, STREAM_USAGE, frame } from './workload.ts';

const frames = Array.from({ length: FRAMES }, (_, at) => Buffer.from(frame(at)));
const tail = Buffer.from(`data: ${JSON.stringify(STREAM_USAGE)}\n\ndata: [DONE]\n\n`);

createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.socket?.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let at = 0;
    const next = () => {
      if (at === frames.length) {
        response.end(tail);
        return;
      }
      response.write(frames[at]!);
      at += 1;
      setImmediate(next);
    };
    next();
  });
}).listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
