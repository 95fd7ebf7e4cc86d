import { setTimeout as pause } from 'node:timers/promises';
import amqp, { type ChannelModel, type RecoveringChannelModel } from 'amqplib';
import { Mistake } from '../model/mistake.ts';
import type { BatchPublisher, Ledger } from '../pipelines/delivery/ports.ts';
import type { BatchMessage } from '../pipelines/lists.ts';
import type { Clock, Log } from '../pipelines/ports.ts';
import { closeChannel } from './rabbit/channel.ts';
import { startConsuming, type Consumer, type ConsumerOptions } from './rabbit/consume.ts';
import {
  inspectDeadLetters,
  turnOver,
  type DeadLetter,
  type DeadLetterReport,
  type Fate,
  type Send,
} from './rabbit/deadletters.ts';
import { ConfirmedPublisher } from './rabbit/publish.ts';
import { rewriteQueues, type Rewriting } from './rabbit/rewrite.ts';
import { streamOf } from './rabbit/stream.ts';
import { declareTopology, topologyOf, type Topology } from './rabbit/topology.ts';
import { withoutPassword } from './servers/index.ts';

export interface RabbitOptions {
  /** `amqp://user:password@host:port/vhost` */
  readonly url: string;
  /** Prefix of exchanges and queues. */
  readonly namespace: string;
  readonly log: Log;
}

export interface Rabbit extends BatchPublisher {
  readonly topology: Topology;
  publish(message: BatchMessage): Promise<void>;
  backlog(): Promise<number>;
  /** Starts a consumer of batches; it comes back by itself after a lost connection. */
  consume(options: ConsumerOptions): Promise<Consumer>;
  /** Writes what lies in the dead-letter queue into the ledger; drops what was delivered since. */
  inspectDeadLetters(ledger: Ledger, clock: Clock): Promise<DeadLetterReport>;
  /** Asks for the fate of every message in the dead-letter queue. See `turnOver`. */
  turnOverDeadLetters(clock: Clock, decide: (letter: DeadLetter) => Promise<Fate>): Promise<void>;
  /** Gives other bytes to batches that wait and to dead letters. See `rewriteQueues`. */
  rewriteQueues(rewrite: Rewriting, reasonOf: (reason: string) => string): Promise<number>;
  /** Batches that wait for a worker, and dead letters. */
  depths(): Promise<{ waiting: number; dead: number }>;
  /** Deletes queues and exchanges, the log's stream too. For tests and `down`. */
  remove(): Promise<void>;
  dispose(): Promise<void>;
}

const closeMs = 5000;

/**
 * Connects, declares exchanges and queues, and connects again with growing pauses (100 ms to 10 s)
 * whenever the connection is lost.
 *
 * @throws Mistake `SERVER_DOWN` where nothing answers, `SERVER_REFUSED` where the password, the
 *   virtual host or a queue of other settings is in the way
 */
export async function openRabbit({ url, namespace, log }: RabbitOptions): Promise<Rabbit> {
  const topology = topologyOf(namespace);
  const connection = await connect(url, topology);
  connection.on('error', (error) => log.warn({ error: error.message }, 'RabbitMQ: error'));
  connection.on('disconnect', (error) =>
    log.warn({ error: error.message }, 'RabbitMQ: connection lost, connecting again'),
  );
  connection.on('blocked', (reason) => log.warn({ reason }, 'RabbitMQ: publishing is blocked'));
  const publisher = new ConfirmedPublisher(connection, topology);
  const send: Send = (exchange, content, options) => publisher.send(exchange, content, options);
  const consumers: Consumer[] = [];
  let closing: Promise<void> | undefined;
  return {
    topology,
    publish: (message) => publisher.publish(message),
    backlog: () => publisher.backlog(),
    async consume(options) {
      const consumer = await startConsuming(
        connection,
        topology,
        options,
        (message, reason) => publisher.bury(message, reason),
        log,
      );
      consumers.push(consumer);
      return consumer;
    },
    inspectDeadLetters: (ledger, clock) =>
      inspectDeadLetters(connection, topology, send, ledger, clock),
    turnOverDeadLetters: (clock, decide) => turnOver(connection, topology, send, clock, decide),
    rewriteQueues: (rewrite, reasonOf) =>
      rewriteQueues(connection, topology, send, rewrite, reasonOf),
    async depths() {
      const channel = await connection.createChannel();
      channel.on('error', () => undefined);
      try {
        const waiting = (await channel.checkQueue(topology.queue)).messageCount;
        return { waiting, dead: (await channel.checkQueue(topology.deadQueue)).messageCount };
      } finally {
        await closeChannel(channel);
      }
    },
    async remove() {
      const channel = await connection.createChannel();
      const queues = [topology.queue, topology.deadQueue, streamOf({ namespace })];
      for (const queue of queues) await channel.deleteQueue(queue);
      for (const exchange of [topology.exchange, topology.deadExchange]) {
        await channel.deleteExchange(exchange);
      }
      await closeChannel(channel);
    },
    dispose() {
      closing ??= (async () => {
        await Promise.all(consumers.map((consumer) => consumer.stop()));
        await publisher.dispose();
        // amqplib does not answer where the connection breaks meanwhile: then it is closed as well.
        await Promise.race([connection.close(), pause(closeMs, undefined, { ref: false })]);
      })();
      return closing;
    },
  };
}

async function connect(url: string, topology: Topology): Promise<RecoveringChannelModel> {
  try {
    return await amqp.connect(url, {
      timeout: 5000,
      recovery: {
        initialDelay: 100,
        maxDelay: 10_000,
        initialMaxRetries: 1,
        setup: (model: ChannelModel) => declareTopology(model, topology),
      },
    });
  } catch (cause) {
    const { message } = cause as Error;
    const isRefusal =
      /REFUSED - |NOT_ALLOWED|PRECONDITION_FAILED|NOT_FOUND|\b(403|404|406|530)\b/.test(message);
    throw new Mistake(
      isRefusal ? 'SERVER_REFUSED' : 'SERVER_DOWN',
      `RabbitMQ at ${withoutPassword(url)}: expected ${isRefusal ? 'to be let in' : 'a server'}, got "${message}"`,
      { cause },
    );
  }
}
