import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import getPort, { clearLockedPorts } from 'get-port';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { Mistake } from '../../model/mistake.ts';
import type { Log } from '../../pipelines/ports.ts';
import { withLock } from '../lock.ts';
import { dockerStop, dockerUp } from './docker.ts';
import type { Ports, ServerKind, Way } from './kind.ts';
import { endProcess, isAlive, readPidFile, startDetached } from './process.ts';

/** What we remember of a private server, in `<home>/servers/<name>/state.json`. */
const stateSchema = z.object({
  version: z.literal(1),
  /** The folder itself: a copied home is not the owner of the servers of the first. */
  folder: z.string(),
  way: z.string(),
  inMemory: z.boolean(),
  ports: z.record(z.string(), z.number().int()),
  /** Its processes in the order in which they were started. */
  processes: z.array(z.object({ role: z.string(), graceMs: z.number() })),
});
export type ServerState = z.infer<typeof stateSchema>;

/** The way of `infra/compose.yaml`; the others are named after their program. */
export const DOCKER = 'docker';

const PING_MS = 5_000;
/** A first start on a busy machine; a broker with much data needs its time as well. */
const START_MS = 90_000;
const ATTEMPTS = 3;

export interface PrivateServer {
  readonly url: string;
  readonly way: string;
  readonly inMemory: boolean;
}

export function folderOf(home: string, kind: ServerKind): string {
  return join(home, 'servers', kind.name);
}

/** What was started here once; undefined when nothing was, or what is written is of no use. */
export function readState(folder: string): ServerState | undefined {
  try {
    const state = stateSchema.parse(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')));
    return state.folder === folder ? state : undefined;
  } catch {
    return undefined;
  }
}

/** The server that runs already: its process is the one we started, and it answers. */
export async function findRunning(
  home: string,
  kind: ServerKind,
): Promise<PrivateServer | undefined> {
  const folder = folderOf(home, kind);
  const state = readState(folder);
  if (!state) return undefined;
  const ours = state.way === DOCKER || (await isAlive(readPidFile(pidFile(folder, 'server'))));
  return ours && (await works(kind, state)) ? toServer(kind, state) : undefined;
}

/**
 * Starts a private server, or waits for the one that another process is starting. Whatever a killed
 * start or a dead server left is ended first; data folders are kept.
 *
 * @param way - how to run it; {@link DOCKER} for the engine
 * @throws Mistake `SERVER_DOWN` with the last line of its log when it does not come up
 */
export async function startPrivate(
  home: string,
  kind: ServerKind,
  way: Way | typeof DOCKER,
  log: Log,
): Promise<PrivateServer> {
  const folder = folderOf(home, kind);
  await mkdir(folder, { recursive: true });
  const options = {
    waitMs: 2 * START_MS,
    what: `starting ${kind.name} in ${folder}`,
    onWait: (holder: string) =>
      log.info({ server: kind.name, holder }, `${kind.name}: waiting for ${holder} to start it`),
  };
  return withLock(lockFile(folder), options, async () => {
    const running = (await findRunning(home, kind)) ?? (await awaitLeftBehind(folder, kind));
    if (running) return running;
    for (let attempt = 1; ; attempt++) {
      await endLeftovers(folder);
      const state = await plan(folder, kind, way);
      log.info({ server: kind.name, way: state.way }, `${kind.name}: starting ${state.way}`);
      if (way === DOCKER) await dockerUp(home, kind.name, state.ports['main']!);
      const up = await awaitWorks(folder, kind, state);
      if (up) return toServer(kind, state);
      if (attempt < ATTEMPTS && (await portWasTaken(folder))) continue;
      throw await notUp(folder, kind, state);
    }
  });

  async function plan(folder: string, kind: ServerKind, way: Way | typeof DOCKER) {
    const ports = await choosePorts(folder, way === DOCKER ? [] : way.extraPorts);
    const launches = way === DOCKER ? [] : await way.prepare(folder, ports);
    const state: ServerState = {
      version: 1,
      folder,
      way: way === DOCKER ? DOCKER : way.name,
      inMemory: way === DOCKER ? false : way.inMemory,
      ports,
      processes: launches.map(({ role, graceMs }) => ({ role, graceMs })),
    };
    // Written before anything runs: a process that starts is known, whatever happens to us.
    await writeFileAtomic(join(folder, 'state.json'), JSON.stringify(state, null, 2));
    for (const { role, program, args, env } of launches) {
      startDetached({
        program,
        args,
        env,
        cwd: folder,
        logFile: join(folder, `${role}.log`),
        pidFile: pidFile(folder, role),
      });
    }
    return state;
  }
}

/** Ends the server of this home, and nothing else. @returns whether there was one */
export async function stopPrivate(home: string, kind: ServerKind): Promise<boolean> {
  const folder = folderOf(home, kind);
  const state = readState(folder);
  if (!state || !existsSync(folder)) return false;
  const options = { waitMs: 2 * START_MS, what: `stopping ${kind.name} in ${folder}` };
  return withLock(lockFile(folder), options, async () => {
    if (state.way !== DOCKER) return endLeftovers(folder);
    const running = await works(kind, state);
    if (running) await dockerStop(home, kind.name);
    return running;
  });
}

/** In the order opposite to the start. */
async function endLeftovers(folder: string): Promise<boolean> {
  let ended = false;
  for (const { role, graceMs } of (readState(folder)?.processes ?? []).toReversed()) {
    if (await endProcess(readPidFile(pidFile(folder, role)), graceMs)) ended = true;
  }
  return ended;
}

/** A server whose starter was killed may still be on its way up. */
async function awaitLeftBehind(
  folder: string,
  kind: ServerKind,
): Promise<PrivateServer | undefined> {
  const state = readState(folder);
  if (!state || state.way === DOCKER) return undefined;
  return (await awaitWorks(folder, kind, state)) ? toServer(kind, state) : undefined;
}

/** Waits until it answers; false when its process ends before that, or time is up. */
async function awaitWorks(folder: string, kind: ServerKind, state: ServerState): Promise<boolean> {
  const file = pidFile(folder, 'server');
  for (let waitedMs = 0; waitedMs < START_MS; waitedMs += 100) {
    const process = readPidFile(file);
    // The pid file takes a moment to appear after the start.
    const gone = process ? !(await isAlive(process)) : waitedMs > 2_000;
    if (gone && state.way !== DOCKER) return false;
    if ((process || state.way === DOCKER) && (await works(kind, state))) {
      return state.way === DOCKER || isAlive(readPidFile(file));
    }
    await sleep(100);
  }
  return false;
}

async function works(kind: ServerKind, state: ServerState): Promise<boolean> {
  return (await kind.ping(kind.url(state.ports['main']!), PING_MS)).kind === 'works';
}

/**
 * The ports of the last start where they are free, so that clients find the server again; at first
 * ports that follow from the folder, so that two homes do not try the same.
 */
async function choosePorts(folder: string, extra: readonly string[]): Promise<Ports> {
  const last = readState(folder)?.ports ?? {};
  const base = 20_000 + (createHash('sha256').update(folder).digest().readUInt16BE() % 12_000);
  const ports: Record<string, number> = {};
  for (const [index, purpose] of ['main', ...extra].entries()) {
    const wanted = [last[purpose] ?? base + index, base + index + 100];
    const exclude = Object.values(ports);
    // It would not give a port again soon, not even to a server that comes back.
    clearLockedPorts();
    ports[purpose] = await getPort({ host: '127.0.0.1', port: wanted, exclude });
  }
  return ports;
}

async function portWasTaken(folder: string): Promise<boolean> {
  return /address already in use|eaddrinuse|BindException/i.test(await readLog(folder));
}

async function notUp(folder: string, kind: ServerKind, state: ServerState): Promise<Mistake> {
  const said = (await readLog(folder)).trim().split('\n').at(-1) || 'nothing';
  return new Mistake(
    'SERVER_DOWN',
    `${kind.name}: expected ${state.way} to start, it did not; its last words: ${said} (${join(folder, 'server.log')}); or set ${kind.variable} to a server of your own`,
  );
}

async function readLog(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, 'server.log'), 'utf8');
  } catch {
    return '';
  }
}

function lockFile(folder: string): string {
  return join(folder, 'start.lock');
}

function pidFile(folder: string, role: string): string {
  return join(folder, `${role}.pid`);
}

function toServer(kind: ServerKind, state: ServerState): PrivateServer {
  return { url: kind.url(state.ports['main']!), way: state.way, inMemory: state.inMemory };
}
