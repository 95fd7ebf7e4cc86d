import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Mistake } from '../../model/mistake.ts';
import type { AnyServerName } from './kind.ts';

const execute = promisify(execFile);
const COMPOSE_FILE = join(import.meta.dirname, '..', 'compose.yaml');
/** A first start pulls the image. */
const UP_MS = 600_000;

/** True where an engine runs and compose is there. */
export async function dockerRuns(): Promise<boolean> {
  try {
    await execute('docker', ['info'], { timeout: 5_000 });
    await execute('docker', ['compose', 'version'], { timeout: 5_000 });
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts one service of `infra/compose.yaml`, its port bound to 127.0.0.1; its volume is kept from
 * run to run. Every home has a compose project of its own.
 */
export async function dockerUp(home: string, name: AnyServerName, port: number): Promise<void> {
  const setting = `${name.toUpperCase()}_PORT=${port}`;
  const args = ['docker', 'compose', '-p', projectOf(home), '-f', COMPOSE_FILE, 'up', '-d', name];
  try {
    await execute('env', [setting, ...args], { timeout: UP_MS });
  } catch (cause) {
    const { stderr, message } = cause as Error & { stderr?: string };
    const reason = (stderr ?? message).trim().split('\n').at(-1)!;
    throw new Mistake(
      'SERVER_DOWN',
      `${name}: expected docker compose to start it (${args.join(' ')}), got: ${reason}`,
      { cause },
    );
  }
}

/** Stops the service; its data stays. */
export async function dockerStop(home: string, name: AnyServerName): Promise<void> {
  await execute('docker', ['compose', '-p', projectOf(home), '-f', COMPOSE_FILE, 'stop', name]);
}

function projectOf(home: string): string {
  return `mondaymix-${createHash('sha256').update(home).digest('hex').slice(0, 8)}`;
}
