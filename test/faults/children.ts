import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FromChild, Task, ToChild } from './worker-child.ts';

/** A worker in a process of its own. */
export interface Child {
  readonly pid: number;
  /** What it was last opened as. */
  readonly role: Task['role'] | undefined;
  /** Messages that it holds, as its channels last said. */
  readonly held: number;
  readonly acknowledged: number;
  /** Why it ended by itself, where it did. */
  readonly failed: string | undefined;
  open(task: Task): void;
  /** Stops the worker as a SIGTERM would; the process may be given another task. */
  close(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** Workers that are kept warm from run to run, and replaced when they were killed. */
export interface Children {
  take(): Promise<Child>;
  /** One that was closed. */
  giveBack(child: Child): void;
  dispose(): Promise<void>;
}

const script = join(import.meta.dirname, 'worker-child.ts');

async function start(): Promise<Child> {
  const child: ChildProcess = fork(script, {
    execArgv: ['--no-warnings', '--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  let held = 0;
  let acknowledged = 0;
  let failed: string | undefined;
  let role: Task['role'] | undefined;
  let isKilled = false;
  let closed: (() => void) | undefined;
  const ready = new Promise<void>((resolve) => {
    child.on('message', (message: FromChild) => {
      if (message.kind === 'ready') resolve();
      else if (message.kind === 'closed') closed?.();
      else if (message.kind === 'failed') failed = message.reason;
      else if (message.kind === 'holds') ({ held, acknowledged } = message);
    });
  });
  child.on('exit', (code, signal) => {
    if (!isKilled) failed ??= `it ended by itself: ${signal ?? code}`;
    closed?.();
  });
  await Promise.race([ready, exited]);
  const send = (message: ToChild) => child.send(message);
  return {
    pid: child.pid!,
    get role() {
      return role;
    },
    get held() {
      return held;
    },
    get acknowledged() {
      return acknowledged;
    },
    get failed() {
      return failed;
    },
    open(task) {
      role = task.role;
      send({ open: task });
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const closing = new Promise<void>((resolve) => (closed = resolve));
      send({ close: true });
      await closing;
    },
    async kill() {
      isKilled = true;
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export function openChildren(): Children {
  const idle: Child[] = [];
  const all = new Set<Child>();
  let next: Promise<Child> | undefined;
  const prepare = () => {
    next ??= start();
    next.catch(() => undefined);
  };
  prepare();
  return {
    async take() {
      const warm = idle.shift();
      if (warm !== undefined) return warm;
      prepare();
      const child = await next!;
      next = undefined;
      prepare();
      all.add(child);
      return child;
    },
    giveBack(child) {
      if (child.failed === undefined) idle.push(child);
      else void child.kill();
    },
    async dispose() {
      const waiting = await next;
      if (waiting !== undefined) all.add(waiting);
      for (const child of all) await child.kill();
    },
  };
}
