import { setTimeout as pause } from 'node:timers/promises';
import amqp from 'amqplib';
import getPort from 'get-port';
import { openTokens, tokenSecret } from '../../infra/tokens.ts';
import type { CommandLine, Running } from './command-line.ts';

/** `mondaymix api` as a process of its own, which answers. */
export interface ApiProcess {
  readonly url: string;
  readonly running: Running;
  /** Submits a document to ListenBrainz's route. */
  submit(document: object, token: string): Promise<Response>;
}

/** @param port - default: a free one; another where somebody takes it before us */
export async function startApi(line: CommandLine, port?: number): Promise<ApiProcess> {
  for (;;) {
    try {
      return await startOn(line, port ?? (await getPort()));
    } catch (error) {
      if (port !== undefined || !(error as Error).message.includes('EADDRINUSE')) throw error;
    }
  }
}

async function startOn(line: CommandLine, port: number): Promise<ApiProcess> {
  const url = `http://127.0.0.1:${port}`;
  const running = line.start(['api', '--port', `${port}`]);
  let hasEnded = false;
  void running.ended.then(() => (hasEnded = true));
  for (;;) {
    const isUp = await fetch(`${url}/health`).then(
      () => true,
      () => false,
    );
    if (isUp) break;
    if (hasEnded) throw new Error(`mondaymix api: ${(await running.ended).errors}`);
    await pause(100);
  }
  return {
    url,
    running,
    submit: (document, token) =>
      fetch(`${url}/1/submit-listens`, {
        method: 'POST',
        headers: { authorization: `Token ${token}` },
        body: JSON.stringify(document),
      }),
  };
}

/** A listener's token, good for a day. */
export async function tokenOf(line: CommandLine, user: string): Promise<string> {
  const tokens = openTokens(await tokenSecret(line.home), () => Date.now());
  return tokens.issue({ scope: 'listener', user }, 1);
}

/** Deletes the stream of a namespace. */
export async function removeStream(rabbitmqUrl: string, namespace: string): Promise<void> {
  const connection = await amqp.connect(rabbitmqUrl);
  const channel = await connection.createChannel();
  await channel.deleteQueue(`${namespace}.log`);
  await connection.close();
}
