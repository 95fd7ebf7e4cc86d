import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';

/**
 * Counts what this process does outside of itself (calls for files, writes to servers) and ends it
 * with SIGKILL at the one whose number `KILL_AT` gives, or so many milliseconds after it as
 * `KILL_AFTER_MS` says: then it is in the middle of something. To be imported before all else.
 */
const killAt = Number(process.env['KILL_AT'] ?? Infinity);
const killAfterMs = Number(process.env['KILL_AFTER_MS'] ?? 0);

let done = 0;

/** How many there were. */
export function operations(): number {
  return done;
}

function operation(): void {
  if (++done !== killAt) return;
  const die = () => process.kill(process.pid, 'SIGKILL');
  if (killAfterMs === 0) die();
  else setTimeout(die, killAfterMs);
}

type Call = (...args: unknown[]) => unknown;

function counted(owner: object, names: readonly string[]): void {
  const calls = owner as Record<string, Call>;
  for (const name of names) {
    const call = calls[name]!;
    calls[name] = function (this: unknown, ...args: unknown[]) {
      operation();
      return call.apply(this, args);
    };
  }
}

const names = ['rename', 'rm', 'unlink', 'open', 'writeFile', 'write', 'mkdir', 'chmod', 'utimes'];
counted(fs, names);
counted(
  fs.promises,
  names.filter((name) => name !== 'write'),
);
counted(Socket.prototype, ['write']);
syncBuiltinESMExports();
