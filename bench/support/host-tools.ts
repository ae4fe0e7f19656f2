/** To be imported first: what stand-in hosts run. The modules that drive these programs look for them as they are loaded. */
import { requireTools } from './tools.ts';

requireTools(['ip', 'tc', 'nft', 'bwrap', 'sshd', 'ssh', 'ssh-keygen', 'curl', 'Xtigervnc', 'chromium']);
