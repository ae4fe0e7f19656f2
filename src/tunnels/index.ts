export { Tunnels, createTunnels, type TunnelsOptions } from './tunnels.ts';
