import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BEFORE_FIRST, answers, printed, startOnCore } from '../support/processes.ts';
import { scratchFolder } from '../support/scratch.ts';
import { REPLY } from './workload.ts';

/** A backend that answers at once: nginx with one worker and a fixed reply, so that the gateway is what is measured. */
export async function startMocks(core: string, plainPort: number, streamPort: number): Promise<void> {
  const folder = scratchFolder('bench');
  const config = join(folder, 'nginx.conf');
  writeFileSync(config, `daemon off; worker_processes 1; pid ${folder}/pid; error_log /dev/null;
events { worker_connections 2048; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${plainPort}; default_type application/json; location / { return 200 '${REPLY.replaceAll("'", '')}'; } }
}
`);
  startOnCore(core, [...BEFORE_FIRST, 'nginx', '-c', config, '-p', folder]);
  await answers(`http://127.0.0.1:${plainPort}/`);
  await printed(startOnCore(core, [process.execPath, join(import.meta.dirname, 'stream-mock.ts'), String(streamPort)]), 'listening');
}
