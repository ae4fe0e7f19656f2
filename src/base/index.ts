export { systemClock, ManualClock, type Clock } from './clock.ts';
export { SteadyClock } from './steady-clock.ts';
export { createIdSource, isUuid, newId, uuidTimeMs, type RandomBytes } from './ids.ts';
export {
  PICO_PER_UNIT, divideHalfEven, divideUp, formatAmount, isCurrency, multiplyPrice, parseAmount, parsePico,
  type Currency, type Picodollars,
} from './money.ts';
export { createLogger, silentLogger, type Logger } from './log.ts';
export { ERRORS, TandemError, isTandemError, printable, type ErrorCode, type ErrorEntry, type ErrorOptions } from './errors.ts';
export { SETTINGS, controlHosts, readConfig, type Config } from './config.ts';
export { Leaving, signalOf, type LeavingSignal } from './leaving.ts';
export { publicJwk, signJws, verifyJws, type PublicJwk, type ReadJws } from './jws.ts';
export { MAX_DEPTH, MAX_PARTS, shapeFault, type ShapeFault } from './json-shape.ts';
export { makeFolder } from './make-folder.ts';
export { homeHolder, lockHome, type HomeHolder, type HomeLock } from './home-lock.ts';
export { systemRandom, type Random } from './random.ts';
export { openSecretBox, type SecretBox } from './secret-box.ts';
export { Sha256 } from './sha256.ts';
