import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A door before a server, which can be shut: open connections break, new ones are refused. */
export async function severable(url: string) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let isShut = false;
  const door = createServer((client) => {
    if (isShut) return void client.destroy();
    const server = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
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
    close: async () => {
      shut();
      door.close();
      await once(door, 'close');
    },
  };
}
