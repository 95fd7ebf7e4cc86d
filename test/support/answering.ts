import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { deserialize, serialize } from 'bson';

/** What becomes of the lists of an `insert`, and what is said of it. */
export interface Lost {
  /** The count in the answer. */
  readonly n: number;
  /** So many of the first lists do not reach MongoDB. Default: all, and we answer ourselves. */
  readonly drop?: number;
  /** Whether the answer has a duplicate key for each of those. */
  readonly errors?: boolean;
}

type Document = Record<string, unknown>;

const bodyAt = 21;

/** A door before MongoDB that loses lists on their way to the collection `playlists`, once. */
export async function answering(url: string, { n, drop, errors = false }: Lost) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let changed = 0;
  let awaited: number | undefined;
  const answer = {
    n,
    ...(errors
      ? {
          writeErrors: Array.from({ length: drop ?? 0 }, (_, index) => ({
            ...{ index, code: 11000, errmsg: 'duplicate key' },
          })),
        }
      : {}),
  };

  function request(message: Buffer, client: Socket): Buffer | undefined {
    const command = bodyOf(message);
    if (command?.['insert'] !== 'playlists' || changed > 0) return message;
    changed++;
    if (drop === undefined) {
      const reply = withBody(message, { ok: 1, ...answer });
      reply.writeInt32LE(message.readInt32LE(4), 8);
      client.write(reply);
      return undefined;
    }
    awaited = message.readInt32LE(4);
    return withBody(message, { ...command, documents: documentsOf(message).slice(drop) });
  }

  function reply(message: Buffer): Buffer {
    if (message.readInt32LE(8) !== awaited) return message;
    awaited = undefined;
    return withBody(message, { ...bodyOf(message), ...answer });
  }

  const door = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    messages(client, (message) => {
      const passed = request(message, client);
      if (passed !== undefined) server.write(passed);
    });
    messages(server, (message) => client.write(reply(message)));
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
  const through = new URL(url);
  through.port = String((door.address() as AddressInfo).port);
  return {
    url: through.toString(),
    /** How many inserts it has changed. */
    changed: () => changed,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      door.close();
      await once(door, 'close');
    },
  };
}

/** Calls with each whole message of MongoDB's protocol: its first four bytes are its length. */
function messages(socket: Socket, take: (message: Buffer) => void): void {
  let held = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= 4 && held.length >= held.readInt32LE(0)) {
      const size = held.readInt32LE(0);
      take(held.subarray(0, size));
      held = held.subarray(size);
    }
  });
}

/** The first section of an OP_MSG; undefined for what is none. */
function bodyOf(message: Buffer): Document | undefined {
  if (message.readInt32LE(12) !== 2013 || message[bodyAt - 1] !== 0) return undefined;
  return read(message, bodyAt);
}

/** Its second one: the kind, the length, the name `documents`, then one after the other. */
function documentsOf(message: Buffer): Document[] {
  let at = bodyAt + message.readInt32LE(bodyAt) + 1 + 4;
  at = message.indexOf(0, at) + 1;
  const documents: Document[] = [];
  for (; at < message.length; at += message.readInt32LE(at)) documents.push(read(message, at));
  return documents;
}

function read(message: Buffer, at: number): Document {
  const bytes = message.subarray(at, at + message.readInt32LE(at));
  return deserialize(bytes, { promoteValues: false });
}

function withBody(message: Buffer, body: Document): Buffer {
  const changed = Buffer.concat([message.subarray(0, bodyAt), serialize(body)]);
  changed.writeInt32LE(changed.length, 0);
  return changed;
}
