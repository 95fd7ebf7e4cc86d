import type { Ping } from './ping.ts';
import type { Launch } from './process.ts';

/** Terminology: a kind is RabbitMQ, Redis, MongoDB or Kafka; a way is how a private one comes to run. */
export const SERVER_NAMES = ['rabbitmq', 'redis', 'mongodb'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];
/** Kafka runs only where it is asked for by name. */
export const ANY_SERVER_NAMES = [...SERVER_NAMES, 'kafka'] as const;
export type AnyServerName = (typeof ANY_SERVER_NAMES)[number];

/** A port for each purpose that the way names; `main` is the one that clients use. */
export type Ports = Readonly<Record<string, number>>;

/** One way of running a private server with programs that are on this machine. */
export interface Way {
  /** As users read it: `redis-server`, `mongod`, `stand-in`. */
  readonly name: string;
  /** True where the data is gone when the server ends. */
  readonly inMemory: boolean;
  /** Purposes of the ports it needs besides `main`. */
  readonly extraPorts: readonly string[];
  /** Writes what the server reads in `folder`, and says what to start, in this order, main last. */
  prepare(folder: string, ports: Ports): Promise<readonly PlannedLaunch[]>;
}

export interface PlannedLaunch extends Pick<Launch, 'program' | 'args' | 'env'> {
  /** Names the pid file and the log; the last of a way is `server`. */
  readonly role: string;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly graceMs: number;
}

export interface ServerKind {
  readonly name: AnyServerName;
  /** As users know it. */
  readonly title: string;
  /** The environment variable that names an existing server. */
  readonly variable: string;
  /** Where a private server is, for its port. */
  url(port: number): string;
  readonly ping: Ping;
  /** A program on this machine; undefined where there is none. */
  findProgram(): Promise<Way | undefined>;
  /** The Debian package that holds the server; undefined where Debian has none. */
  readonly aptPackage: string | undefined;
}
