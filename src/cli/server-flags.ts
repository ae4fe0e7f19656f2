/**
 * How Node runs the server. V8 lets the old generation grow by steps of what survived, from a few MiB on, and looks through all of it at each: with
 * some thousand calls a second that is 60 to 70 ms every few seconds, beside which a call waits. Given so many MiB at first, it does so rarely.
 */
export const SERVER_FLAGS: readonly string[] = ['--initial-old-space-size=256'];
