/** How much of a limit is left, for the headers of a reply. */
export interface LimitFigure {
  readonly limit: number;
  /** As far as this process knows: what others took since its last lease is not in it. Never below 0. */
  readonly remaining: number;
  /** Until the minute is over and everything is there again. */
  readonly resetMs: number;
  /** The same as a time, UTC milliseconds. */
  readonly resetAtMs: number;
}

/** The tightest limits of a call; a metric without a limit is absent. */
export interface LimitFigures {
  readonly requests?: LimitFigure;
  readonly tokens?: LimitFigure;
}
