import type { LookupFunction } from 'node:net';

/** Names in an imagined network. */
export function network(addresses: Readonly<Record<string, readonly string[]>>): LookupFunction {
  return (name, _options, callback) => {
    const found = addresses[name];
    if (found === undefined) return callback(new Error(`ENOTFOUND ${name}`), []);
    return callback(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}
