import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const folder = fileURLToPath(new URL('.', import.meta.url));
/** Where a running Tandem is, for `vite dev`: the page comes from Vite, the API from there. */
const server = process.env['TANDEM_URL'] ?? 'http://127.0.0.1:4600';

export default defineConfig({
  root: folder,
  base: '/',
  plugins: [react()],
  // The page is served under `script-src 'self'; style-src 'self'`: nothing may be inlined.
  build: { outDir: 'dist', emptyOutDir: true, manifest: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2023', reportCompressedSize: false },
  server: { proxy: { '/api': server, '/v1': server } },
});
