import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A door before a server: it can be shut, and what goes through can be held up. */
export interface Door {
  readonly url: string;
  /** Open connections break, new ones are refused. */
  shut(): void;
  open(): void;
  /** How long each way takes, in milliseconds. */
  delay(ms: number): void;
  dispose(): Promise<void>;
}

export async function openDoor(url: string): Promise<Door> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let isShut = false;
  let delayMs = 0;
  const forward = (from: Socket, to: Duplex) => {
    sockets.add(from);
    from.setNoDelay(true);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    // What is under way arrives in order: one length of delay for all of a run.
    from.on('data', (bytes: Buffer) => {
      if (delayMs === 0) to.write(bytes);
      else setTimeout(() => void (to.destroyed || to.write(bytes)), delayMs);
    });
    from.on('end', () => setTimeout(() => to.end(), delayMs));
  };
  const door = createServer((client) => {
    if (isShut) return void client.destroy();
    const server = connect(Number(target.port), target.hostname);
    forward(client, server);
    forward(server, client);
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
  const through = new URL(url);
  through.port = String((door.address() as AddressInfo).port);
  const shut = () => {
    isShut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: through.toString(),
    shut,
    open: () => {
      isShut = false;
    },
    delay: (ms) => {
      delayMs = ms;
    },
    async dispose() {
      shut();
      door.close();
      await once(door, 'close');
    },
  };
}
